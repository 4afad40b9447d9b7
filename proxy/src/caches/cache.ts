import type { PlannedStatement } from "@freshet/sql";

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
}

/** `waiting`: queued for its (re)build. */
export type CachePhase = "waiting" | "building" | "ready" | "failed";

/** A cache as the proxy knows it; one object for its life, replaced fields on rebuild. */
export class Cache {
  readonly request: CacheRequest;
  /** Engine id of the present build; a rebuild takes a new one. */
  id: number;
  phase: CachePhase = "waiting";
  /** Why `failed`, or why it waits; null when ready. */
  reason: string | null = null;
  planned: PlannedStatement | null = null;
  /** Per cent of the build, for SHOW CACHES. */
  progress = 0;
  hits = 0;
  misses = 0;
  /** Set by DROP while a build runs. */
  dropped = false;

  constructor(id: number, request: CacheRequest) {
    this.id = id;
    this.request = request;
  }

  get name(): string {
    return this.request.name;
  }
}
