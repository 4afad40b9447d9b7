import { type Logger, errorMessage, isTransient } from "@freshet/base";

/** Waits before try number `attempt` + 1 (0-based); resolves early when Freshet stops. */
export type RetryDelay = (attempt: number) => Promise<void>;

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
