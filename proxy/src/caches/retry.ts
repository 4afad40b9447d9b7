import { FreshetError } from "@freshet/base";

/** Waits before try number `attempt` + 1 (0-based); resolves early when Freshet stops. */
export type RetryDelay = (attempt: number) => Promise<void>;

/** SQLSTATE classes of conditions that pass by themselves: connections, resources, operator intervention, system errors. */
const TRANSIENT_CLASSES: ReadonlySet<string> = new Set(["08", "53", "57", "58"]);

export function isTransient(thrown: unknown): boolean {
  return thrown instanceof FreshetError && TRANSIENT_CLASSES.has(thrown.code.slice(0, 2)) && thrown.code !== "57014";
}
