import type { FreshetOptions } from "@freshet/base";
import { CompiledCaches } from "./front/compiled-caches.ts";
import { Privileges } from "./front/privileges.ts";
import { ProxiedQueries } from "./front/proxied-queries.ts";
import type { UpstreamUrl } from "./upstream/address.ts";

/** What sessions and builds share. */
export interface Shared {
  /** Database that is replicated. */
  readonly database: string;
  readonly privileges: Privileges;
  readonly compiled: CompiledCaches;
  readonly queries: ProxiedQueries;
}

/** `ask` runs one statement upstream. */
export function createShared(
  options: FreshetOptions,
  upstream: UpstreamUrl,
  ask: (sql: string) => Promise<readonly (readonly (string | null)[])[]>,
  clock: () => number,
): Shared {
  return {
    database: upstream.database ?? upstream.user ?? "postgres",
    privileges: new Privileges(ask, options.privilegeTtlMs, clock),
    compiled: new CompiledCaches(),
    queries: new ProxiedQueries(options.queryStatisticsEntries),
  };
}
