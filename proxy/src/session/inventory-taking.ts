import { expectation } from "./expected-responses.ts";
import { InventoryReader, inventoryMessages } from "./inventory.ts";
import type { Pooling } from "./pooling.ts";
import type { SessionState } from "./session-state.ts";

/** Asks the server what the session has there, unseen by the client, whose next statement may follow at once. */
export function takeInventory(state: SessionState, pooling: Pooling): void {
  const reader = new InventoryReader();
  pooling.asked();
  state.upstream.message(inventoryMessages(pooling.customNames, pooling.login));
  state.expected.forwarded(
    expectation("query", {
      swallow: true,
      swallowError: true,
      observe: (type, bytes, whole) => reader.observe(type, bytes, whole),
      done: (succeeded) => pooling.counted(succeeded ? reader.inventory : null),
    }),
  );
  state.upstream.flush();
}
