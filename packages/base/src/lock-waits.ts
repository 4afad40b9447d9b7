import { sleep } from "./backoff.ts";
import { SqlState } from "./errors.ts";

/**
 * SQL that bounds how long the session's statements wait for a lock: to half of the time after which PostgreSQL looks for deadlocks. Freshet takes
 * locks of several tables at a time, as the application does; where they wait for each other, Freshet's statement is the one that gives up.
 */
export const SHORT_LOCK_WAITS = `SELECT pg_catalog.set_config('lock_timeout', GREATEST(s.setting::pg_catalog.int4 / 2, 1)::pg_catalog.text, false)
  FROM pg_catalog.pg_settings AS s WHERE s.name OPERATOR(pg_catalog.=) 'deadlock_timeout'`;

/** With PostgreSQL's deadlock_timeout of a second: for about six seconds. */
const ATTEMPTS = 10;
/** Between two attempts, so that the application gets its locks. */
const PAUSE_MS = 100;

/** Whether a statement gave up waiting for a lock. */
export function isLockTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === SqlState.lockNotAvailable;
}

/** Runs `body`, and again when it could not get a lock in time; the last attempt's error is its own. */
export async function waitingForLocks<T>(body: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await body();
    } catch (thrown) {
      if (attempt === ATTEMPTS || !isLockTimeout(thrown)) throw thrown;
      await sleep(PAUSE_MS, signal);
    }
  }
}
