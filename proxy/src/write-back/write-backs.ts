import { FreshetError, SqlState, must } from "@freshet/base";
import type { QueryPlan } from "@freshet/sql";
import type { Lsn } from "@freshet/values";
import type { Notice } from "../caches/cache-builder.ts";
import type { Cache } from "../caches/cache.ts";
import { PROGRESS_EXISTS, deleteProgress } from "./progress-table.ts";
import { assertWritable, parseTarget, targetText } from "./target.ts";
import { WriteBack, type WriteBackParts } from "./write-back.ts";

/** All write-backs of the instance, by target table. */
export class WriteBacks {
  readonly #parts: WriteBackParts;
  readonly #running = new Map<string, { readonly cache: Cache; readonly writeBack: WriteBack }>();

  constructor(parts: WriteBackParts) {
    this.#parts = parts;
  }

  /** Refuses what can never be written back, before anything is built. */
  assertUsable(writeTo: string, plan: QueryPlan): void {
    const key = targetText(parseTarget(writeTo));
    assertWritable(plan);
    const other = this.#running.get(key);
    if (other !== undefined) {
      throw new FreshetError(SqlState.objectInUse, `table "${key}" is written by cache "${other.cache.name}" already`);
    }
  }

  /** Fills the table of a newly built cache and begins to follow its outbox. */
  async seed(cache: Cache, plan: QueryPlan, notice: Notice): Promise<void> {
    const writeBack = this.#add(cache, plan);
    try {
      const rows = await writeBack.seed();
      notice(`wrote table "${must(cache.request.writeTo)}": ${rows} rows`);
    } catch (thrown) {
      this.#running.delete(this.#key(cache));
      throw thrown;
    }
    writeBack.start();
  }

  /** Goes on with a cache that was ready when Freshet stopped. */
  start(cache: Cache, plan: QueryPlan): void {
    this.#add(cache, plan).start();
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
    this.#running.delete(this.#key(cache));
  }

  /** The cache is dropped: the table stays as an ordinary one that is no longer Freshet's. */
  async drop(cache: Cache): Promise<void> {
    if (cache.request.writeTo === null) return;
    const wrote = this.of(cache) !== null;
    await this.stop(cache);
    if (!wrote) return;
    const target = targetText(parseTarget(cache.request.writeTo));
    await this.#parts.control.exclusive(async (connection) => {
      const [row] = await connection.query(PROGRESS_EXISTS);
      if (row?.[0] === "t") await connection.query(deleteProgress(this.#parts.instance, target));
    });
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ writeBack }) => writeBack.stop()));
    this.#running.clear();
  }

  #key(cache: Cache): string {
    return cache.request.writeTo === null ? "" : targetText(parseTarget(cache.request.writeTo));
  }

  #add(cache: Cache, plan: QueryPlan): WriteBack {
    const target = parseTarget(must(cache.request.writeTo, "a written-back cache has a target"));
    const writeBack = new WriteBack(this.#parts, cache.id, target, plan);
    this.#running.set(targetText(target), { cache, writeBack });
    return writeBack;
  }
}
