import { Cache, type CachePlan } from "../caches/cache.ts";
import type { CompiledCaches } from "../front/compiled-caches.ts";
import type { CacheRecord, FrontStatistics, Update } from "./protocol.ts";

/** The caches as a front knows them: a copy of the core's catalog, changed by its updates alone. */
export class CacheMirror {
  readonly #compiled: Pick<CompiledCaches, "forget">;
  readonly #byName = new Map<string, Cache>();
  readonly #byId = new Map<number, Cache>();
  #byShape = new Map<string, Cache[]>();

  constructor(compiled: Pick<CompiledCaches, "forget">) {
    this.#compiled = compiled;
  }

  byId(id: number): Cache | undefined {
    return this.#byId.get(id);
  }

  byShape(shapeKey: string): readonly Cache[] {
    return this.#byShape.get(shapeKey) ?? [];
  }

  /** What was mirrored before belongs to a core that is gone. */
  clear(): void {
    for (const name of [...this.#byName.keys()]) this.#remove(name);
    this.#byShape = new Map();
  }

  apply({ changed, gone }: Pick<Update, "changed" | "gone">): void {
    for (const name of gone) this.#remove(name);
    for (const record of changed) this.#change(record);
    if (gone.length > 0 || changed.some(({ plan }) => plan !== undefined)) this.#index();
  }

  /** Hits and misses since the last call. */
  takeCounts(): FrontStatistics["caches"] {
    const counts = [...this.#byName.values()].flatMap(({ id, hits, misses }) =>
      hits + misses === 0 ? [] : [{ id, hits, misses }],
    );
    for (const cache of this.#byName.values()) {
      cache.hits = 0;
      cache.misses = 0;
    }
    return counts;
  }

  #change({ plan, ...record }: CacheRecord): void {
    const cache = this.#byName.get(record.request.name) ?? new Cache(record.id, record.request);
    if (cache.id !== record.id) this.#forget(cache.id);
    cache.id = record.id;
    cache.phase = record.phase;
    cache.reason = record.reason;
    cache.trustedTo = record.trustedTo;
    cache.doubtful = record.doubtful;
    if (plan !== undefined) {
      this.#compiled.forget(cache.id);
      setPlan(cache, plan);
    }
    this.#byName.set(cache.name, cache);
    this.#byId.set(cache.id, cache);
  }

  #remove(name: string): void {
    const cache = this.#byName.get(name);
    if (cache === undefined) return;
    this.#byName.delete(name);
    this.#forget(cache.id);
  }

  #forget(id: number): void {
    this.#byId.delete(id);
    this.#compiled.forget(id);
  }

  /** In the core's order: that of creation, by which the first of several caches is chosen. */
  #index(): void {
    const byShape = new Map<string, Cache[]>();
    for (const cache of this.#byName.values()) {
      const key = cache.statement?.shapeKey;
      if (key === undefined) continue;
      const list = byShape.get(key);
      if (list === undefined) byShape.set(key, [cache]);
      else list.push(cache);
    }
    this.#byShape = byShape;
  }
}

function setPlan(cache: Cache, plan: CachePlan | null): void {
  if (plan === null) cache.forgetPlan();
  else cache.setPlan(plan);
}
