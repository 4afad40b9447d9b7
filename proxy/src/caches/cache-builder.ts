import { FreshetError, SqlState, must } from "@freshet/base";
import type { ChangeSource, Engine, SnapshotProgress, SnapshotSink, TableSchema } from "@freshet/contract";
import {
  loadZoneTable,
  type PlannedStatement,
  planInvalidation,
  planStatement,
  type UpstreamCallPlanning,
} from "@freshet/sql";
import type { TimeZoneTable } from "@freshet/values";
import type { Clock } from "../front/clock-port.ts";
import { readableOrder } from "../front/view-read.ts";
import type { ControlConnection } from "../control/control-connection.ts";
import type { Cache, CachePlan, CacheRequest } from "./cache.ts";
import type { DiskRoom } from "./disk-room.ts";
import { assertWanted } from "./interruption.ts";

/** Tells a client how a build goes. */
export type Notice = (message: string, detail?: string) => void;

/** Least time between two progress notices of one kind. */
const NOTICE_INTERVAL_MS = 1000;

export interface BuilderParts {
  readonly engine: Engine;
  readonly source: ChangeSource;
  readonly control: ControlConnection;
  readonly clock: Clock;
  readonly room: Pick<DiskRoom, "assertLeft">;
  /** Whether the engine computes a call itself; absent: calls that it lacks are refused. */
  readonly isNative?: UpstreamCallPlanning["isNative"];
}

/** The steps that make a cache answer; none keeps state between calls but the known tables. */
export class CacheBuilder {
  readonly #parts: BuilderParts;
  readonly #tables = new Map<number, TableSchema>();

  constructor(parts: BuilderParts) {
    this.#parts = parts;
  }

  /** Tables that follow the stream, by OID. */
  get tables(): ReadonlyMap<number, TableSchema> {
    return this.#tables;
  }

  remember(tables: readonly TableSchema[]): void {
    for (const table of tables) this.#tables.set(table.oid, table);
  }

  /** After the store was emptied. */
  forgetTables(): void {
    this.#tables.clear();
  }

  /** The plan in the mode asked for; `auto`: incremental where that is possible. */
  async planCache(
    request: Pick<CacheRequest, "text" | "searchPath" | "owner" | "writeTo" | "mode" | "maxBytes">,
  ): Promise<CachePlan> {
    if (request.writeTo !== null && request.maxBytes !== null) throw partialAndWritten();
    if (request.mode === "invalidate") {
      if (request.writeTo !== null) throw unwritable();
      return this.#planInvalidation(request, "asked for");
    }
    try {
      return { mode: "incremental", planned: await this.plan(request) };
    } catch (thrown) {
      if (request.mode === "incremental" || request.writeTo !== null || !isUnsupported(thrown)) throw thrown;
      return await this.#planInvalidation(request, wholeReasonOf(thrown), thrown);
    }
  }

  /** A time zone's offsets as the server has them. */
  async zoneTable(name: string): Promise<TimeZoneTable> {
    return this.#parts.control.exclusive((connection) => loadZoneTable(connection, name));
  }

  /** `refusal` is that of the mode `incremental`, when that was tried. */
  async #planInvalidation(
    request: Pick<CacheRequest, "text" | "searchPath">,
    reason: string,
    refusal?: FreshetError,
  ): Promise<CachePlan> {
    try {
      const plan = await this.#parts.control.exclusive((connection) => planInvalidation(connection, request));
      return { mode: "invalidate", invalidation: { plan, reason } };
    } catch (thrown) {
      if (refusal === undefined || !isUnsupported(thrown) || thrown.message === refusal.message) throw thrown;
      throw new FreshetError(refusal.code, refusal.message, {
        detail: `In mode invalidate: ${reasonOf(thrown)}.`,
        hint: refusal.hint ?? thrown.hint,
        cause: thrown,
      });
    }
  }

  /** Analyses the statement upstream and makes sure that the engine has all it needs. */
  async plan(
    request: Pick<CacheRequest, "text" | "searchPath" | "owner" | "writeTo" | "maxBytes">,
  ): Promise<PlannedStatement> {
    const { isNative } = this.#parts;
    const upstreamCalls = isNative === undefined ? null : { role: request.owner, isNative };
    const planned = await this.#parts.control.exclusive((connection) =>
      planStatement(connection, {
        upstreamCalls,
        text: request.text,
        searchPath: request.searchPath,
        liftLiterals: request.writeTo === null,
      }),
    );
    if (!readableOrder(planned.plan)) {
      throw new FreshetError(
        SqlState.featureNotSupported,
        "a range parameter together with ORDER BY on a column that is not selected is not supported in caches",
        {
          hint: "Add the ORDER BY column to the select list.",
        },
      );
    }
    await this.#parts.engine.check(planned.plan, { partial: request.maxBytes !== null });
    return planned;
  }

  /** Publishes and copies the tables of the plan that do not follow the stream yet. */
  async addTables(planned: PlannedStatement, notice: Notice, cache: Cache): Promise<void> {
    const missing = planned.plan.tables.filter(({ tableOid }) => !this.#tables.has(tableOid));
    if (missing.length === 0) return;
    const throttle = new Throttle(this.#parts.clock);
    const sink = new EngineSnapshotSink(this.#parts, cache, (table) => this.#tables.set(table.oid, table));
    const report = (progress: SnapshotProgress): void => {
      if (!throttle.pass(progress.table.oid)) return;
      notice(
        `copying table "${progress.table.schema}"."${progress.table.name}": ${describeProgress(progress.rows, progress.estimatedRows)}`,
      );
    };
    try {
      await this.#parts.source.addTables(
        missing.map(({ tableOid }) => tableOid),
        sink,
        report,
      );
    } catch (thrown) {
      await this.#forgetUnfinished(sink);
      throw thrown;
    }
    for (const { tableOid, rows } of sink.finished) {
      const table = must(this.#tables.get(tableOid));
      notice(`copied table "${table.schema}"."${table.name}": ${rows} rows`);
    }
  }

  /** Those of the tables that follow the stream. */
  known(tableOids: readonly number[]): TableSchema[] {
    return tableOids.flatMap((tableOid) => this.#tables.get(tableOid) ?? []);
  }

  /** Builds the cache's graph piece by piece, other caches' changes in between. */
  async build(cache: Cache, planned: PlannedStatement, notice: Notice): Promise<void> {
    const { engine } = this.#parts;
    await engine.createCache({
      id: cache.id,
      plan: planned.plan,
      writeBack: cache.request.writeTo !== null,
      attributes: JSON.stringify(planned),
      ...(cache.request.maxBytes === null ? {} : { maxBytes: cache.request.maxBytes }),
    });
    const throttle = new Throttle(this.#parts.clock);
    for (;;) {
      assertWanted(cache);
      await this.#parts.room.assertLeft();
      const step = await engine.buildStep(cache.id);
      cache.progress = step.rowsTotal > 0 ? Math.min(100, Math.floor((100 * step.rowsDone) / step.rowsTotal)) : 0;
      if (step.done) break;
      if (throttle.pass(0))
        notice(`building cache "${cache.name}": ${describeProgress(step.rowsDone, step.rowsTotal)}`);
    }
    cache.progress = 100;
  }

  /** Forgets tables, here, in the engine and in the publication; no cache may use them any more. */
  async dropTables(tableOids: readonly number[]): Promise<void> {
    if (tableOids.length === 0) return;
    for (const tableOid of tableOids) {
      this.#tables.delete(tableOid);
      await this.#parts.engine.dropTable(tableOid);
    }
    await this.#parts.source.removeTables(tableOids);
  }

  /** A copy that broke off leaves half-loaded tables behind. */
  async #forgetUnfinished(sink: EngineSnapshotSink): Promise<void> {
    const finished = new Set(sink.finished.map(({ tableOid }) => tableOid));
    const unfinished = sink.begun.filter((tableOid) => !finished.has(tableOid));
    await this.dropTables(unfinished);
  }
}

function isUnsupported(thrown: unknown): thrown is FreshetError {
  return thrown instanceof FreshetError && thrown.code === SqlState.featureNotSupported;
}

/** Without what all such messages begin with. */
function reasonOf(refusal: FreshetError): string {
  return refusal.message.replace(/^cannot cache this query: /, "");
}

/** With why another way of serving it is none, either. */
function wholeReasonOf(refusal: FreshetError): string {
  const detail = refusal.detail?.replace(/\.$/, "");
  return detail === undefined ? reasonOf(refusal) : `${reasonOf(refusal)}. ${detail}`;
}

function partialAndWritten(): FreshetError {
  return new FreshetError(SqlState.invalidParameterValue, "max_bytes and write_to exclude each other", {
    detail:
      "A cache with max_bytes keeps the answers for some keys alone; a table that it is written to would need all.",
  });
}

function unwritable(): FreshetError {
  return new FreshetError(SqlState.featureNotSupported, "a cache in mode invalidate cannot be written to a table", {
    detail: "Its answers are read one by one; there is no result that changes row by row.",
  });
}

/** Hands a snapshot to the engine. */
class EngineSnapshotSink implements SnapshotSink {
  readonly #engine: Engine;
  readonly #room: BuilderParts["room"];
  readonly #cache: Cache;
  readonly #onLive: (table: TableSchema) => void;
  readonly #begun = new Map<number, { readonly table: TableSchema; rows: number }>();
  readonly finished: { readonly tableOid: number; readonly rows: number }[] = [];

  /** `cache`: for which the tables are copied; when it is not wanted any more the copy breaks off. */
  constructor({ engine, room }: BuilderParts, cache: Cache, onLive: (table: TableSchema) => void) {
    this.#engine = engine;
    this.#room = room;
    this.#cache = cache;
    this.#onLive = onLive;
  }

  get begun(): readonly number[] {
    return [...this.#begun.keys()];
  }

  async begin(table: TableSchema, snapshotLsn: bigint): Promise<void> {
    await this.#engine.beginTable(table, snapshotLsn);
    this.#begun.set(table.oid, { table, rows: 0 });
  }

  async rows(tableOid: number, batch: Buffer, count: number): Promise<void> {
    assertWanted(this.#cache);
    await this.#room.assertLeft();
    must(this.#begun.get(tableOid)).rows += count;
    await this.#engine.loadRows(tableOid, batch);
  }

  async end(tableOid: number): Promise<void> {
    const { table, rows } = must(this.#begun.get(tableOid));
    await this.#engine.endTable(tableOid);
    this.#onLive(table);
    this.finished.push({ tableOid, rows });
  }
}

/** Lets one notice per key through in each interval. */
class Throttle {
  readonly #clock: Clock;
  readonly #last = new Map<number, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  pass(key: number): boolean {
    const now = this.#clock();
    const last = this.#last.get(key);
    if (last !== undefined && now - last < NOTICE_INTERVAL_MS) return false;
    this.#last.set(key, now);
    return true;
  }
}

function describeProgress(rows: number, total: number): string {
  if (total <= 0) return `${rows} rows`;
  return `${rows} of about ${Math.max(rows, total)} rows (${Math.min(100, Math.floor((100 * rows) / total))} %)`;
}
