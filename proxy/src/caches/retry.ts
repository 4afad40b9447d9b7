import { FreshetError } from "@freshet/base";

/** Waits before try number `attempt` + 1 (0-based); resolves early when Freshet stops. */
export type RetryDelay = (attempt: number) => Promise<void>;

/**
 * SQLSTATE classes of conditions that pass by themselves: connections, transactions that met others (deadlocks
 * with an application's TRUNCATE of several tables), resources, operator intervention, system errors.
 */
const TRANSIENT_CLASSES: ReadonlySet<string> = new Set(["08", "40", "53", "57", "58"]);
const LOCK_NOT_AVAILABLE = "55P03";

export function isTransient(thrown: unknown): boolean {
  if (!(thrown instanceof FreshetError) || thrown.code === "57014") return false;
  return TRANSIENT_CLASSES.has(thrown.code.slice(0, 2)) || thrown.code === LOCK_NOT_AVAILABLE;
}
