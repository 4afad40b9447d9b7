import { FreshetError, SqlState } from "@freshet/base";
import type { Cache } from "./cache.ts";

/** A signal that nobody aborts. */
export const NEVER: AbortSignal = new AbortController().signal;

/** Ends a build whose cache has been dropped, or whose creation has been cancelled, meanwhile. */
export function assertWanted(cache: Cache): void {
  if (!cache.dropped) return;
  throw new FreshetError(SqlState.queryCanceled, `cache "${cache.name}" was dropped while it was being built`);
}

/**
 * Waits for a build that a client may cancel. One that has begun ends at its next step; one that waits for its turn is taken out at once.
 * Rejects with the signal's reason when it was aborted, whatever became of the build.
 */
export async function interruptible(
  cache: Cache,
  built: Promise<void>,
  signal: AbortSignal,
  takeOut: () => void,
): Promise<void> {
  let leave: () => void = () => undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const abort = (): void => {
    cache.dropped = true;
    if (cache.phase !== "waiting") return;
    takeOut();
    leave();
  };
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([built, left]);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener("abort", abort);
  }
  if (signal.aborted) built.catch(() => undefined);
  signal.throwIfAborted();
}
