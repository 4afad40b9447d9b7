import type { Cache } from "../caches/cache.ts";
import type { CacheRecord, CoreState, Update } from "./protocol.ts";

interface Told {
  readonly cache: Cache;
  readonly record: CacheRecord;
  readonly planned: Cache["planned"];
  readonly invalidation: Cache["invalidation"];
}

/** What one front has been told of the caches and of the core's state, and what is to be told next. */
export class CatalogChanges {
  readonly #told = new Map<string, Told>();
  #state: CoreState | null = null;

  /** Null: nothing has changed. What it returns counts as told. */
  next(caches: readonly Cache[], state: CoreState): Update | null {
    const gone = this.#gone(caches);
    const changed = caches.flatMap((cache) => this.#changed(cache) ?? []);
    if (changed.length === 0 && gone.length === 0 && this.#state !== null && isSame(this.#state, state)) return null;
    this.#state = state;
    return { state, changed, gone };
  }

  #gone(caches: readonly Cache[]): readonly string[] {
    const present = new Set(caches);
    const gone: string[] = [];
    for (const [name, { cache }] of this.#told) {
      if (present.has(cache)) continue;
      this.#told.delete(name);
      gone.push(name);
    }
    return gone;
  }

  #changed(cache: Cache): CacheRecord | null {
    const { id, request, phase, reason, trustedTo, doubtful, planned, invalidation } = cache;
    const before = this.#told.get(cache.name);
    const samePlan = before !== undefined && before.planned === planned && before.invalidation === invalidation;
    const record: CacheRecord = {
      ...{ id, request, phase, reason, trustedTo, doubtful },
      plan: samePlan ? undefined : planOf(cache),
    };
    if (samePlan && isSame({ ...before.record, plan: undefined }, record)) return null;
    this.#told.set(cache.name, { cache, record, planned, invalidation });
    return record;
  }
}

function planOf({ planned, invalidation }: Cache): CacheRecord["plan"] {
  if (planned !== null) return { mode: "incremental", planned };
  return invalidation === null ? null : { mode: "invalidate", invalidation };
}

/** Field by field. */
function isSame<T extends object>(one: T, other: T): boolean {
  return (Object.keys(other) as (keyof T)[]).every((key) => one[key] === other[key]);
}
