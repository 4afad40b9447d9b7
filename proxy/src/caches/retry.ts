import { FreshetError, type Logger, errorMessage } from "@freshet/base";

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

/** Tries again for as long as the failure is one that passes, until it is `unwanted`. */
export async function retrying(
  what: string,
  body: () => Promise<void>,
  { logger, retry }: { readonly logger: Logger; readonly retry: RetryDelay },
  unwanted: () => boolean,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await body();
      return;
    } catch (thrown) {
      if (unwanted() || !isTransient(thrown)) throw thrown;
      logger.warn({ error: errorMessage(thrown), attempt }, `${what} failed, will be tried again`);
      await retry(attempt);
    }
  }
}
