import { Backoff, type FreshetOptions, type Logger, errorMessage, sleep } from "@freshet/base";
import { CachePermissions } from "./caches/cache-permissions.ts";
import type { RetryDelay } from "./caches/retry.ts";
import type { CompileRead } from "./front/compile-read.ts";
import { CompiledCaches } from "./front/compiled-caches.ts";
import { Privileges } from "./front/privileges.ts";
import { ProxiedQueries } from "./front/proxied-queries.ts";
import type { UpstreamUrl } from "./upstream/address.ts";

/** What sessions and builds share. */
export interface Shared {
  /** Database that is replicated. */
  readonly database: string;
  readonly privileges: Privileges;
  readonly permissions: CachePermissions;
  readonly compiled: CompiledCaches;
  readonly queries: ProxiedQueries;
}

/** `ask` runs one statement upstream. */
export function createShared(
  options: FreshetOptions,
  upstream: UpstreamUrl,
  ask: (sql: string) => Promise<readonly (readonly (string | null)[])[]>,
  clock: () => number,
  compileRead: CompileRead,
): Shared {
  return {
    database: upstream.database ?? upstream.user ?? "postgres",
    privileges: new Privileges(ask, options.privilegeTtlMs, clock),
    permissions: new CachePermissions(ask, options),
    compiled: new CompiledCaches(compileRead),
    queries: new ProxiedQueries(options.queryStatisticsEntries),
  };
}

/** Waits longer from one attempt to the next, and no more once `stopping` is aborted. */
export function retryDelay(options: FreshetOptions, stopping: AbortSignal): RetryDelay {
  const { reconnectMinMs: minMs, reconnectMaxMs: maxMs } = options;
  return async (attempt) => {
    const backoff = new Backoff({ minMs, maxMs });
    for (let skipped = 0; skipped < Math.min(attempt, 20); skipped++) backoff.nextDelay();
    try {
      await sleep(backoff.nextDelay(), stopping);
    } catch (thrown) {
      if (!stopping.aborted) throw thrown;
    }
  };
}

/** Ends one part of an instance; that it failed is told, and the others are ended too. */
export async function endPart(logger: Logger, what: string, end: () => Promise<void>): Promise<void> {
  try {
    await end();
  } catch (thrown) {
    logger.error({ error: errorMessage(thrown) }, `the ${what} did not end as it should`);
  }
}
