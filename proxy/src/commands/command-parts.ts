import type { Engine, ChangeSource } from "@freshet/contract";
import type { CacheBuilder } from "../caches/cache-builder.ts";
import type { CacheCatalog } from "../caches/cache-catalog.ts";
import type { CachePermissions } from "../caches/cache-permissions.ts";
import type { CacheManager } from "../caches/cache-manager.ts";
import type { Clock } from "../front/clock-port.ts";
import type { ProxiedQueries } from "../front/proxied-queries.ts";
import type { AnswerStore } from "../invalidate/answer-store.ts";
import type { ReplicationHealth } from "../replication/health.ts";
import type { Pump } from "../replication/pump.ts";
import type { Ask } from "./permissions.ts";
import type { WriteBacks } from "../write-back/write-backs.ts";

/** What Freshet's own statements work on. */
export interface CommandParts {
  readonly database: () => string;
  readonly ask: Ask;
  readonly permissions: CachePermissions;
  readonly instance: string;
  readonly catalog: CacheCatalog;
  readonly manager: CacheManager;
  readonly builder: CacheBuilder;
  readonly engine: Engine;
  readonly source: ChangeSource;
  readonly health: ReplicationHealth;
  readonly pump: Pump;
  readonly queries: ProxiedQueries;
  readonly writeBacks: WriteBacks;
  readonly answers: Pick<AnswerStore, "usage" | "size" | "bytes">;
  readonly lag: () => { readonly milliseconds: number | null; readonly bytes: number };
  readonly clients: () => number;
  /** Processes that serve clients. */
  readonly fronts: () => number;
  readonly clock: Clock;
}
