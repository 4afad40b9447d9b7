import { assert, must } from "@freshet/base";
import type { QueryPlan } from "@freshet/sql";
import type { Lsn } from "@freshet/values";
import type { Notice } from "../caches/cache-builder.ts";
import type { Cache } from "../caches/cache.ts";
import { PROGRESS_EXISTS, deleteProgress } from "./progress-table.ts";
import { parseTarget, targetText } from "./target.ts";
import { WriteBack, type WriteBackParts } from "./write-back.ts";

/** All write-backs of the instance, by target table. */
export class WriteBacks {
  readonly #parts: WriteBackParts;
  readonly #running = new Map<string, { readonly cache: Cache; readonly writeBack: WriteBack }>();
  #stopped = false;

  constructor(parts: WriteBackParts) {
    this.#parts = parts;
  }

  /** Fills the table of a newly built cache and begins to follow its outbox. */
  async seed(cache: Cache, plan: QueryPlan, notice: Notice): Promise<void> {
    const writeBack = this.#add(cache, plan);
    try {
      const rows = await writeBack.seed();
      notice(`wrote table "${must(cache.request.writeTo)}": ${rows} rows`);
    } catch (thrown) {
      this.#forget(writeBack);
      throw thrown;
    }
    if (!this.#stopped) writeBack.start();
  }

  /** Goes on with a cache that was ready when Freshet stopped. */
  start(cache: Cache, plan: QueryPlan): void {
    const writeBack = this.#add(cache, plan);
    if (!this.#stopped) writeBack.start();
  }

  of(cache: Cache): WriteBack | null {
    const running = this.#running.get(this.#key(cache));
    return running?.cache === cache ? running.writeBack : null;
  }

  onApplied(lsn: Lsn): void {
    for (const { writeBack } of this.#running.values()) writeBack.onApplied(lsn);
  }

  /** Lags in bytes behind `applied`, by cache name. */
  lags(applied: Lsn): readonly { readonly cache: string; readonly bytes: number }[] {
    return [...this.#running.values()].map(({ cache, writeBack }) => ({
      cache: cache.name,
      bytes: writeBack.written === 0n ? 0 : Math.max(0, Number(applied - writeBack.written)),
    }));
  }

  /** Ends the following; the table stays as it is. */
  async stop(cache: Cache): Promise<void> {
    const running = this.#running.get(this.#key(cache));
    if (running === undefined || running.cache !== cache) return;
    await running.writeBack.stop();
    this.#forget(running.writeBack);
  }

  /** The cache is dropped: the table stays as an ordinary one that is no longer Freshet's. */
  async drop(cache: Cache): Promise<void> {
    if (cache.request.writeTo === null) return;
    await this.stop(cache);
    const target = parseTarget(cache.request.writeTo);
    await this.#parts.control.exclusive(async (connection) => {
      const [row] = await connection.query(PROGRESS_EXISTS);
      if (row?.[0] === "t") await connection.query(deleteProgress(this.#parts.instance, target));
    });
  }

  /** For good: nothing is followed from here on. */
  async stopAll(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#running.values()].map(({ writeBack }) => writeBack.stop()));
    this.#running.clear();
  }

  #forget(writeBack: WriteBack): void {
    for (const [key, running] of this.#running) if (running.writeBack === writeBack) this.#running.delete(key);
  }

  #key(cache: Cache): string {
    return cache.request.writeTo === null ? "" : targetText(parseTarget(cache.request.writeTo));
  }

  #add(cache: Cache, plan: QueryPlan): WriteBack {
    const target = parseTarget(must(cache.request.writeTo, "a written-back cache has a target"));
    const writeBack = new WriteBack(this.#parts, cache.id, target, plan);
    assert(!this.#running.has(targetText(target)), "a table is written by one cache");
    this.#running.set(targetText(target), { cache, writeBack });
    return writeBack;
  }
}
