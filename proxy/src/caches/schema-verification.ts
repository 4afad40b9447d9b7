import { errorMessage } from "@freshet/base";
import type { Commit, TableSchema } from "@freshet/contract";
import type { Lsn } from "@freshet/values";
import type { Cache, CachePlan, CacheRequest } from "./cache.ts";
import { isDue } from "./failed-retry.ts";
import type { ManagerParts } from "./manager-parts.ts";
import type { ManagerTasks } from "./manager-tasks.ts";
import { planForKnownTables } from "./plan-for-known-tables.ts";
import { SchemaComparison } from "./schema-comparison.ts";
import { SchemaTrust } from "./schema-trust.ts";
import { TaskQueue } from "./task-queue.ts";

/** Has a cache built anew, and the tables that changed their shape dropped before. */
export type Rebuild = (cache: Cache, reason: string, staleTables: readonly TableSchema[]) => void;

/** Sees to it that no cache answers with what its statement meant before a change of the schema. */
export class SchemaVerification {
  readonly #parts: ManagerParts;
  readonly #tasks: ManagerTasks;
  readonly #rebuild: Rebuild;
  readonly #comparison: SchemaComparison;
  readonly #trust = new SchemaTrust();
  /** Schema statements of which is not known yet whether the stream will tell of them. */
  readonly #statements = new TaskQueue();
  #queued = false;
  /** Comparisons that are queued or under way. */
  #comparisons = 0;
  /** End the suspensions of comparisons that failed or had not begun; called by the next that succeeds. */
  readonly #unverified: (() => void)[] = [];

  constructor(parts: ManagerParts, tasks: ManagerTasks, rebuild: Rebuild) {
    this.#parts = parts;
    this.#tasks = tasks;
    this.#rebuild = rebuild;
    this.#comparison = new SchemaComparison(parts.builder, parts.source, parts.catalog);
  }

  /** Whether caches miss until a change has been looked into. */
  get pending(): boolean {
    return this.#parts.health.suspended || this.#trust.open;
  }

  /** After a start: a mark may have been left in the store up to `lsn`; none is there after a `reset`. */
  async begin(lsn: Lsn, reset: boolean): Promise<void> {
    this.#trust.begin(lsn);
    // Where changes are announced the stream tells of those that were made meanwhile, at their LSN: until then the
    // stored answers are right.
    if (reset) this.#trust.compared(lsn, this.#parts.catalog.all());
    else this.verify(!(await this.#announced()));
  }

  /** Plans a cache for the tables as they are known, which may be compared first. */
  async plan(request: CacheRequest): Promise<CachePlan> {
    if (this.pending || this.#comparisons > 0) await this.compared();
    return planForKnownTables(this.#parts.builder, this.#comparison, request, async () => {
      this.verify();
      await this.compared();
    });
  }

  /** Resolves when the schema has been compared as it was when this was called. */
  async compared(): Promise<void> {
    await this.#statements.drained();
    await this.#tasks.drained();
  }

  /** Commits that change the schema were applied. Caches that the changes have nothing to do with go on answering at once. */
  changed(commits: readonly Commit[]): void {
    const { catalog, health, privileges } = this.#parts;
    const needed = this.#trust.changed(commits, catalog.all());
    const { lsn } = this.#trust;
    if (needed !== "none") return this.verify(needed === "all");
    privileges.forget();
    health.expireFacts();
    this.#tasks.queue("resuming after a schema change", () => this.#resume(lsn));
  }

  /** DDL or GRANT came back from upstream. Where the stream announces it, and what it is about, no cache has to miss before. */
  onSchemaStatement(): Promise<void> {
    const resume = this.#parts.health.suspend();
    return this.#statements.run(async () => {
      const announced = await this.#announced();
      this.#parts.privileges.forget();
      this.verify(!announced);
      resume();
    });
  }

  /**
   * The schema may have changed: compares the tables and the meaning of every cached statement with the
   * upstream's catalog; hits are off meanwhile, unless `suspend` is false. What differs is built anew.
   */
  verify(suspend = true): void {
    this.#parts.invalidations.forgetAnswers();
    if (this.#tasks.stopped) return;
    const resume = suspend ? this.#parts.health.suspend() : (): void => undefined;
    if (this.#queued) return void this.#unverified.push(resume);
    this.#queued = true;
    this.#comparisons++;
    this.#tasks
      .run(async () => {
        this.#queued = false;
        const { lsn } = this.#trust;
        await this.#tasks.retrying("comparing the schema", () => this.#compare());
        await this.#resume(lsn);
        for (const end of [resume, ...this.#unverified.splice(0)]) end();
      })
      .catch((thrown: unknown) => {
        // Nobody knows whether the caches still mean what they say: hits stay off until a comparison succeeds.
        this.#unverified.push(resume);
        if (!this.#tasks.stopped)
          this.#parts.logger.error({ error: errorMessage(thrown) }, "the schema could not be compared");
      })
      .finally(() => this.#comparisons--);
  }

  /**
   * The look from time to time, while hits go on: at the shapes of the tables and, where no event trigger
   * announces schema changes, at everything that a statement's meaning depends on.
   */
  async compareTables(): Promise<void> {
    const now = this.#parts.clock();
    if (this.#parts.catalog.all().some((cache) => isDue(cache, now))) this.verify(false);
    let differs = this.#unverified.length > 0 || (await this.#comparison.tablesOrZonesDiffer());
    if (!differs && !(await this.#parts.announced())) {
      this.#parts.health.expireFacts();
      differs = await this.#comparison.meaningsDiffer();
    }
    if (differs) this.verify();
  }

  async #compare(): Promise<void> {
    this.#parts.privileges.forget();
    const { tables, caches } = await this.#comparison.differences(this.#parts.clock());
    const stale = new Set(tables.map(({ oid }) => oid));
    for (const cache of this.#parts.catalog.all()) {
      const reads = cache.planned?.plan.tables.some(({ tableOid }) => stale.has(tableOid)) === true;
      // A DROP may have come meanwhile.
      if (cache.dropped || !(caches.has(cache) || (cache.phase === "ready" && reads))) continue;
      this.#rebuild(cache, "the schema has changed", tables);
    }
  }

  async #resume(lsn: Lsn): Promise<void> {
    // Behind this, nothing in the store keeps a reader from a view that does not mean any more what it did.
    await this.#parts.settled();
    await this.#parts.engine.resume(lsn);
    this.#trust.compared(lsn, this.#parts.catalog.all());
  }

  /** False also when the upstream cannot be asked. */
  async #announced(): Promise<boolean> {
    try {
      return await this.#parts.announced();
    } catch (thrown) {
      this.#parts.logger.debug({ error: errorMessage(thrown) }, "the upstream cannot be asked for its event triggers");
      return false;
    }
  }
}
