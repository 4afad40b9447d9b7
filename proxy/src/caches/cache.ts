import { LSN_ZERO, type Lsn } from "@freshet/values";
import type { InvalidationPlan, PlannedStatement, SlotRequirement } from "@freshet/sql";

/** How a cache is asked to be maintained; `auto` takes the first that is possible. */
export type CacheMode = "auto" | "incremental" | "invalidate";

/** A cache in mode `invalidate`: what its answers depend on, and why it is not incremental. */
export interface PlannedInvalidation {
  readonly plan: InvalidationPlan;
  readonly reason: string;
}

/** What a statement means, and with that how its cache is maintained. */
export type CachePlan =
  | { readonly mode: "incremental"; readonly planned: PlannedStatement }
  | { readonly mode: "invalidate"; readonly invalidation: PlannedInvalidation };

/** What the user asked for; enough to build the cache anew. Kept in the catalog file. */
export interface CacheRequest {
  readonly name: string;
  readonly text: string;
  readonly queryId: string;
  /** `current_schemas(false)` of the creating session: a reader must have the same. */
  readonly searchPath: readonly string[];
  /** Role that created it. */
  readonly owner: string;
  /** `schema.table` as given, or null. */
  readonly writeTo: string | null;
  readonly mode: CacheMode;
  /**
   * The most that may be kept of its answers; null: in mode `invalidate` as much as of all caches, and of an incremental cache everything. An
   * incremental one with a bound is partial: its view holds the keys that were asked for.
   */
  readonly maxBytes: number | null;
}

/** `waiting`: queued for its (re)build. */
export type CachePhase = "waiting" | "building" | "ready" | "failed";

interface CachedStatement {
  readonly shapeKey: string;
  readonly slots: readonly SlotRequirement[];
}

const ANY_VALUE: SlotRequirement = { kind: "parameter" };

/** A cache as the proxy knows it; one object for its life, replaced fields on rebuild. */
export class Cache {
  readonly request: CacheRequest;
  /** Engine id of the present build; a rebuild takes a new one. */
  id: number;
  phase: CachePhase = "waiting";
  /** Why `failed`, or why it waits; null when ready. */
  reason: string | null = null;
  planned: PlannedStatement | null = null;
  /** Set in mode `invalidate`, where `planned` is null. */
  invalidation: PlannedInvalidation | null = null;
  #invalidated: CachedStatement | null = null;
  /** Per cent of the build, for SHOW CACHES. */
  progress = 0;
  hits = 0;
  misses = 0;
  /** Schema changes up to here are known not to affect it. */
  trustedTo: Lsn = LSN_ZERO;
  /** A schema change may affect it, and it has not been compared with the catalog since: it misses. */
  doubtful = false;
  /** How often it has failed since it was last ready. */
  failures = 0;
  /** When a failed cache may be tried again, by Freshet's clock; 0: as soon as the schema is compared. */
  retryAt = 0;
  /** Set by DROP while a build runs. */
  dropped = false;

  constructor(id: number, request: CacheRequest) {
    this.id = id;
    this.request = request;
  }

  /** Shape of its statement and what it asks of the slots; null before it was planned. */
  get statement(): CachedStatement | null {
    return this.#invalidated ?? this.planned;
  }

  /** How it is maintained; `incremental` also before that is known, where it was not asked to be otherwise. */
  get mode(): CachePlan["mode"] {
    return this.invalidation === null && this.request.mode !== "invalidate" ? "incremental" : "invalidate";
  }

  setPlan(plan: CachePlan): void {
    this.planned = plan.mode === "incremental" ? plan.planned : null;
    this.invalidation = plan.mode === "invalidate" ? plan.invalidation : null;
    const shape = this.invalidation?.plan;
    this.#invalidated =
      shape === undefined ? null : { shapeKey: shape.shapeKey, slots: shape.slots.map(() => ANY_VALUE) };
  }

  forgetPlan(): void {
    this.planned = null;
    this.invalidation = null;
    this.#invalidated = null;
  }

  /** Whether its statement still means this. */
  means(plan: CachePlan | null): boolean {
    if (plan === null) return false;
    if (plan.mode === "incremental") return JSON.stringify(plan.planned) === JSON.stringify(this.planned);
    return JSON.stringify(plan.invalidation) === JSON.stringify(this.invalidation);
  }

  get name(): string {
    return this.request.name;
  }
}

/** A view that was built whole, before its cache had a bound, is no partial view, nor the other way round. */
export function isPartial(bounded: { readonly maxBytes?: number | null }): boolean {
  return (bounded.maxBytes ?? null) !== null;
}
