import type { Cache } from "./cache.ts";

/** At most this many times the first delay. */
const LONGEST = 64;

/** A cache that has failed waits twice as long each time before it is tried again, unless its tables change before. */
export function postponeRetry(cache: Cache, now: number, firstMs: number): void {
  cache.retryAt = now + firstMs * Math.min(2 ** cache.failures, LONGEST);
  cache.failures++;
}

/** Whether the cache failed and has waited long enough. */
export function isDue({ phase, dropped, retryAt }: Cache, now: number): boolean {
  return phase === "failed" && !dropped && retryAt <= now;
}
