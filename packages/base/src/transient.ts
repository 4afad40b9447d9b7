import { FreshetError, SqlState } from "./errors.ts";

/**
 * SQLSTATE classes of conditions that pass by themselves: connections, transactions that met others (deadlocks
 * with an application's TRUNCATE of several tables), resources, operator intervention, system errors.
 */
const TRANSIENT_CLASSES: ReadonlySet<string> = new Set(["08", "40", "53", "57", "58"]);

/** Whether the failure is one of the moment: it says nothing of the statement that met it. */
export function isTransient(thrown: unknown): boolean {
  if (!(thrown instanceof FreshetError) || thrown.code === SqlState.queryCanceled) return false;
  return TRANSIENT_CLASSES.has(thrown.code.slice(0, 2)) || thrown.code === SqlState.lockNotAvailable;
}
