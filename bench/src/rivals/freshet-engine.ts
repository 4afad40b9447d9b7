import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { now } from "@freshet/base";
import {
  ChangeWriter,
  ENTRY_TAG,
  type Engine,
  OldRow,
  RowBatchWriter,
  type TableSchema,
  viewArrangement,
  viewEntryRows,
} from "@freshet/contract";
import { createEngine } from "@freshet/engine";
import type { QueryPlan } from "@freshet/sql";
import { type Store, openStore } from "@freshet/store";
import { type Row, packRow, unpackRow } from "@freshet/values";
import { int4, tableOf } from "../operators/engine-tables.ts";
import type { RivalEngine } from "./engine.ts";
import type { Dim, Fact, FactChange, RivalQuery } from "./workload.ts";

/** What PostgreSQL says about the queries and their tables. */
export interface RivalPlans {
  readonly facts: number;
  readonly dims: number;
  readonly plans: Readonly<Record<RivalQuery, QueryPlan>>;
}

const CACHE = 1;
const BATCH_BYTES = 1 << 20;

export function openFreshet(plans: RivalPlans): RivalEngine {
  // As in the engine's worker.
  Buffer.poolSize = 1 << 20;
  return new FreshetEngine(plans);
}

/** Freshet's engine over a durable store of its own. It keeps the tables, too, and finds the old rows itself. */
class FreshetEngine implements RivalEngine {
  readonly #plans: RivalPlans;
  readonly #directory: string = mkdtempSync(join(tmpdir(), "freshet-rival-"));
  readonly #store: Store = openStore(this.#directory);
  readonly #engine: Engine = createEngine(this.#store, { now: () => now() / 1000 });
  #loaded = false;
  #lsn = 1000n;

  constructor(plans: RivalPlans) {
    this.#plans = plans;
  }

  async build(query: RivalQuery, facts: readonly Fact[], dims: readonly Dim[]): Promise<void> {
    if (!this.#loaded) await this.#loadTables(facts, dims);
    await this.#engine.createCache({ id: CACHE, plan: this.#plans.plans[query], writeBack: false, attributes: "" });
    while (!(await this.#engine.buildStep(CACHE)).done);
  }

  async apply(changes: readonly FactChange[]): Promise<void> {
    const writer = new ChangeWriter();
    for (const change of changes) writer.update(this.#plans.facts, OldRow.none, null, packRow(change.new.map(int4)));
    this.#lsn += 20n;
    const [commitLsn, endLsn] = [this.#lsn - 10n, this.#lsn];
    const commit = { commitLsn, endLsn, commitTime: 0n, schemaChanged: false, xid: 1, touched: [] };
    await this.#engine.apply([{ ...commit, changes: writer.take() }]);
  }

  async result(): Promise<readonly string[]> {
    return this.#store.read((transaction) =>
      [...transaction.scanPrefix(viewArrangement(CACHE), Buffer.of(ENTRY_TAG))].flatMap(({ value }) =>
        viewEntryRows(value).flatMap(({ weight, row }) => Array.from({ length: weight }, () => lineOf(row))),
      ),
    );
  }

  async drop(): Promise<void> {
    await this.#engine.dropCache(CACHE);
    while (await this.#engine.collectGarbage());
  }

  async forgetTables(): Promise<void> {
    this.#loaded = false;
  }

  async close(): Promise<void> {
    await this.#engine.close();
    rmSync(this.#directory, { recursive: true });
  }

  async #loadTables(facts: readonly Fact[], dims: readonly Dim[]): Promise<void> {
    const origin = { systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "bench", lsn: this.#lsn };
    await this.#engine.reset(origin);
    await this.#load(tableOf(this.#plans.facts, "rivals", "facts", ["id", "grp", "val", "dim"]), facts);
    await this.#load(tableOf(this.#plans.dims, "rivals", "dims", ["id", "weight"]), dims);
    this.#loaded = true;
  }

  async #load(table: TableSchema, rows: readonly (readonly number[])[]): Promise<void> {
    await this.#engine.beginTable(table, this.#lsn);
    const writer = new RowBatchWriter();
    for (const row of rows) {
      writer.push(packRow(row.map(int4)));
      if (writer.bytes >= BATCH_BYTES) await this.#engine.loadRows(table.oid, writer.take());
    }
    await this.#engine.loadRows(table.oid, writer.take());
    await this.#engine.endTable(table.oid);
  }
}

/** All values of the queries' results are int4 or int8. */
function lineOf(row: Row): string {
  return unpackRow(row)
    .map((value) => {
      if (value === null) return "";
      return value.length === 4 ? String(value.readInt32BE()) : String(value.readBigInt64BE());
    })
    .join("|");
}
