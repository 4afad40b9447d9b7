import type { FreshetError, Logger } from "@freshet/base";
import type { ChangeSource, Engine } from "@freshet/contract";
import type { Clock } from "../front/clock-port.ts";
import type { CompiledCaches } from "../front/compiled-caches.ts";
import type { Privileges } from "../front/privileges.ts";
import type { Invalidations } from "../invalidate/invalidations.ts";
import type { ReplicationHealth } from "../replication/health.ts";
import type { WriteBacks } from "../write-back/write-backs.ts";
import type { CacheBuilder } from "./cache-builder.ts";
import type { CacheCatalog } from "./cache-catalog.ts";
import type { CachePermissions } from "./cache-permissions.ts";
import type { RetryDelay } from "./retry.ts";

/** What the cache manager works with. */
export interface ManagerParts {
  readonly engine: Engine;
  readonly source: ChangeSource;
  readonly catalog: CacheCatalog;
  readonly builder: CacheBuilder;
  readonly compiled: CompiledCaches;
  readonly privileges: Privileges;
  readonly permissions: Pick<CachePermissions, "assertMayCreate">;
  readonly health: ReplicationHealth;
  readonly writeBacks: WriteBacks;
  readonly invalidations: Invalidations;
  readonly retry: RetryDelay;
  readonly clock: Clock;
  /** How long a cache that failed waits at first before it is tried again. */
  readonly failedRetryMs: number;
  readonly logger: Logger;
  /** Resolves when every process that reads views goes by what is known of the caches now. */
  readonly settled: () => Promise<void>;
  /** Whether an event trigger upstream announces schema changes in the stream. */
  readonly announced: () => Promise<boolean>;
  /** Why no cache can be built yet; null when one can. */
  readonly notStarted: () => FreshetError | null;
}
