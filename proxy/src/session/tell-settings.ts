import { encodeParameterStatus } from "@freshet/wire";
import type { SessionState } from "./session-state.ts";

/** Tells the client what a server connection has reported and the client does not know yet. */
export function tellSettings({ parameters, facts, client }: SessionState, values: ReadonlyMap<string, string>): void {
  for (const [name, value] of values) {
    if (parameters.get(name) === value) continue;
    parameters.set(name, value);
    facts.invalidate();
    client.message(encodeParameterStatus(name, value));
  }
}
