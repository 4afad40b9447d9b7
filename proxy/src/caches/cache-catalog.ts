import { assert } from "@freshet/base";
import type { Cache, CacheRequest } from "./cache.ts";
import { Cache as CacheRecord } from "./cache.ts";
import type { CatalogFile } from "./catalog-file.ts";

/** All caches by name, by shape and by engine id; every change of the definitions is on disk when it returns. */
export class CacheCatalog {
  readonly #file: CatalogFile;
  readonly #byName = new Map<string, Cache>();
  readonly #byShape = new Map<string, Cache[]>();
  readonly #byId = new Map<number, Cache>();
  #nextId: number;

  constructor(file: CatalogFile) {
    this.#file = file;
    const contents = file.read();
    this.#nextId = contents.nextId;
    for (const { id, request } of contents.caches) this.#remember(new CacheRecord(id, request));
  }

  all(): readonly Cache[] {
    return [...this.#byName.values()];
  }

  byName(name: string): Cache | undefined {
    return this.#byName.get(name);
  }

  byId(id: number): Cache | undefined {
    return this.#byId.get(id);
  }

  /** Planned caches of this shape, in order of creation. */
  byShape(shapeKey: string): readonly Cache[] {
    return this.#byShape.get(shapeKey) ?? [];
  }

  /** A name nobody has yet, from the query id. */
  freeName(queryId: string): string {
    if (!this.#byName.has(queryId)) return queryId;
    for (let suffix = 2; ; suffix++) {
      const name = `${queryId}_${suffix}`;
      if (!this.#byName.has(name)) return name;
    }
  }

  add(request: CacheRequest): Cache {
    assert(!this.#byName.has(request.name), "cache names are unique");
    const cache = new CacheRecord(this.#takeId(), request);
    this.#save([...this.all(), cache]);
    this.#remember(cache);
    return cache;
  }

  remove(cache: Cache): void {
    assert(this.#byName.get(cache.name) === cache, "a cache is removed once");
    this.#save(this.all().filter((other) => other !== cache));
    this.#byName.delete(cache.name);
    this.#byId.delete(cache.id);
    this.#forgetShape(cache);
  }

  /** Gives the cache a new engine id, for a rebuild. */
  renew(cache: Cache): void {
    const old = cache.id;
    cache.id = this.#takeId();
    this.#byId.delete(old);
    this.#byId.set(cache.id, cache);
    this.#save(this.all());
  }

  /** Ids that an engine knows are not given again, also when the catalog file was removed. */
  reserveIds(ids: readonly number[]): void {
    for (const id of ids) this.#nextId = Math.max(this.#nextId, id + 1);
  }

  /** Makes the cache findable by the shape of its present plan. */
  index(cache: Cache): void {
    this.#forgetShape(cache);
    const key = cache.statement?.shapeKey;
    if (key === undefined) return;
    const list = this.#byShape.get(key);
    if (list === undefined) this.#byShape.set(key, [cache]);
    else list.push(cache);
  }

  #takeId(): number {
    return this.#nextId++;
  }

  #remember(cache: Cache): void {
    this.#byName.set(cache.name, cache);
    this.#byId.set(cache.id, cache);
  }

  #forgetShape(cache: Cache): void {
    for (const [key, list] of this.#byShape) {
      const kept = list.filter((other) => other !== cache);
      if (kept.length === list.length) continue;
      if (kept.length === 0) this.#byShape.delete(key);
      else this.#byShape.set(key, kept);
    }
  }

  #save(caches: readonly Cache[]): void {
    this.#file.write({
      nextId: this.#nextId,
      caches: caches.map(({ id, request }) => ({ id, request })),
    });
  }
}
