import { expectation } from "./expected-responses.ts";
import { InventoryReader, inventoryMessages } from "./inventory.ts";
import type { Pooling } from "./pooling.ts";
import type { SessionState } from "./session-state.ts";

/** Asks the server what the session has there, unseen by the client. */
export function takeInventory(state: SessionState, pooling: Pooling, done: () => void): void {
  const reader = new InventoryReader();
  state.upstream.message(inventoryMessages(pooling.customNames, pooling.login));
  state.expected.forwarded(
    expectation("query", {
      swallow: true,
      swallowError: true,
      observe: (type, bytes, whole) => reader.observe(type, bytes, whole),
      done: (succeeded) => {
        pooling.counted(succeeded ? reader.inventory : null);
        done();
      },
    }),
  );
  state.upstream.flush();
}
