import { type Logger, errorMessage } from "@freshet/base";
import type { Engine } from "@freshet/contract";
import { LruMap } from "./lru-map.ts";

/** Keys that wait to be filled, over all caches; what comes beyond is forgotten, and asks again with its next read. */
const MAX_QUEUED = 10_000;
/** Keys of one call: the engine applies no commit meanwhile. */
const KEYS_PER_CALL = 32;
/** Used keys of a cache that are told to the engine together, and the most that are noted. */
const USED_PER_CALL = 1000;
const MAX_USED = 10_000;
/** Keys that could not be filled are not asked for again within this time. */
const RETRY_MS = 60_000;
const MAX_REFUSED = 10_000;

export interface KeyFillParts {
  readonly engine: Pick<Engine, "fillKeys">;
  /** Monotonic ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

type Key = readonly Buffer[];

/**
 * What reads of partial views want to be filled, and what they have used. Reads do not wait: they go upstream, and the next one finds the
 * key.
 */
export class KeyFills {
  readonly #parts: KeyFillParts;
  readonly #queued = new Map<number, Map<string, Key>>();
  readonly #used = new Map<number, Map<string, Buffer>>();
  readonly #refused: LruMap<string, number> = new LruMap(MAX_REFUSED);
  #size = 0;
  #running = false;

  constructor(parts: KeyFillParts) {
    this.#parts = parts;
  }

  /** Keys that wait. */
  get size(): number {
    return this.#size;
  }

  /** Used keys that the engine has not heard of. */
  get untold(): number {
    return [...this.#used.values()].reduce((sum, used) => sum + used.size, 0);
  }

  /** `keys`: values of the equality parameters, as Engine.fillKeys takes them. False when one of them is too large for its cache. */
  want(cacheId: number, keys: readonly Key[]): boolean {
    let isPossible = true;
    const now = this.#parts.clock();
    for (const key of keys) {
      if (this.#size >= MAX_QUEUED) break;
      const name = nameOf(key);
      if ((this.#refused.get(`${cacheId} ${name}`) ?? 0) > now) {
        isPossible = false;
        continue;
      }
      const queue = this.#queued.get(cacheId) ?? new Map<string, Key>();
      this.#queued.set(cacheId, queue);
      if (queue.has(name)) continue;
      queue.set(name, key);
      this.#size++;
    }
    void this.#run();
    return isPossible;
  }

  /** Keys (with HEADER_TAG) that a read has found. */
  use(cacheId: number, headers: readonly Buffer[]): void {
    const used = this.#used.get(cacheId) ?? new Map<string, Buffer>();
    this.#used.set(cacheId, used);
    for (const header of headers) if (used.size < MAX_USED) used.set(header.toString("latin1"), header);
    if (used.size >= USED_PER_CALL) void this.#run();
  }

  /** Of a cache that is gone: ids do not come back. */
  forget(cacheId: number): void {
    const queue = this.#queued.get(cacheId);
    this.#size -= queue?.size ?? 0;
    // The call under way still holds it.
    queue?.clear();
    this.#queued.delete(cacheId);
    this.#used.delete(cacheId);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let cacheId = this.#next(); cacheId !== null; cacheId = this.#next()) await this.#fill(cacheId);
    } catch (thrown) {
      // The engine is being closed, or its store failed, which is told elsewhere: reads go upstream, and ask again.
      this.#parts.logger.warn({ error: errorMessage(thrown) }, "keys of partial caches could not be filled");
      this.#queued.clear();
      this.#size = 0;
    } finally {
      this.#running = false;
    }
  }

  /** A cache for which there is something to tell. */
  #next(): number | null {
    for (const [cacheId, queue] of this.#queued) if (queue.size > 0) return cacheId;
    for (const [cacheId, used] of this.#used) if (used.size >= USED_PER_CALL) return cacheId;
    return null;
  }

  async #fill(cacheId: number): Promise<void> {
    const queue = this.#queued.get(cacheId) ?? new Map<string, Key>();
    const names = [...queue.keys()].slice(0, KEYS_PER_CALL);
    const keys = names.map((name) => queue.get(name) ?? []);
    const used = [...(this.#used.get(cacheId)?.values() ?? [])];
    this.#used.delete(cacheId);
    const outcomes = await this.#parts.engine.fillKeys(cacheId, keys, used);
    const retryAt = this.#parts.clock() + RETRY_MS;
    for (const [index, name] of names.entries()) {
      if (outcomes[index] === "too large") this.#refused.set(`${cacheId} ${name}`, retryAt);
      // Only now: until then further reads of the key need not ask.
      if (queue.delete(name)) this.#size--;
    }
    if (queue.size === 0) this.#queued.delete(cacheId);
  }
}

function nameOf(key: Key): string {
  return key.map((value) => `${value.length} ${value.toString("latin1")}`).join();
}
