import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { now, SeededRandom } from "@freshet/base";
import { ChangeWriter, type Commit, type Engine, OldRow, RowBatchWriter, type TableSchema } from "@freshet/contract";
import { createEngine } from "@freshet/engine";
import type { QueryPlan } from "@freshet/sql";
import { openStore } from "@freshet/store";
import { packRow, type Row } from "@freshet/values";
import { int4, tableOf } from "./engine-tables.ts";

const FACTS_PER_GROUP = 100;
const FACTS_PER_DIM = 10;
const BATCH_BYTES = 1 << 20;
const CACHE = 1;

/** OIDs of the upstream's tables, which plans name. */
export interface OperatorTables {
  readonly facts: number;
  readonly dims: number;
}

/** The engine alone, in this process, over a store of its own, with `facts` of `rows` rows and their `dims`. */
export class OperatorEngine {
  readonly #engine: Engine;
  readonly #directory: string;
  readonly #tables: OperatorTables;
  readonly #rows: number;
  readonly #random = new SeededRandom(42);
  #lsn = 1000n;

  private constructor(engine: Engine, directory: string, tables: OperatorTables, rows: number) {
    this.#engine = engine;
    this.#directory = directory;
    this.#tables = tables;
    this.#rows = rows;
  }

  static async open(tables: OperatorTables, rows: number): Promise<OperatorEngine> {
    const directory = mkdtempSync(join(tmpdir(), "freshet-operators-"));
    const engine = createEngine(openStore(directory), { now: () => now() / 1000 });
    const opened = new OperatorEngine(engine, directory, tables, rows);
    await engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "bench", lsn: opened.#lsn });
    await opened.#load(tableOf(tables.facts, "operators", "facts", ["id", "grp", "val", "dim"]), rows, (id) =>
      opened.#fact(id),
    );
    await opened.#load(
      tableOf(tables.dims, "operators", "dims", ["id", "parent", "weight"]),
      rows / FACTS_PER_DIM,
      (id) => packRow([int4(id), int4(id === 0 ? null : Math.floor(id / 2)), int4(id % 7)]),
    );
    return opened;
  }

  /** Builds the cache; resolves with the milliseconds that took. */
  async build(plan: QueryPlan): Promise<number> {
    const started = now();
    await this.#engine.createCache({ id: CACHE, plan, writeBack: false, attributes: "" });
    while (!(await this.#engine.buildStep(CACHE)).done);
    return now() - started;
  }

  async drop(): Promise<void> {
    await this.#engine.dropCache(CACHE);
    while (await this.#engine.collectGarbage());
  }

  /** Commits that each update so many facts anywhere; resolves with the microseconds of CPU time per row. */
  async change(commits: number, rowsPerCommit: number): Promise<number> {
    const cpu = process.cpuUsage();
    for (let at = 0; at < commits; at++) await this.#engine.apply([this.#commit(rowsPerCommit)]);
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / (commits * rowsPerCommit);
  }

  async close(): Promise<void> {
    await this.#engine.close();
    rmSync(this.#directory, { recursive: true });
  }

  #fact(id: number): Row {
    const grp = this.#random.integer(0, Math.ceil(this.#rows / FACTS_PER_GROUP));
    const dim = this.#random.integer(0, this.#rows / FACTS_PER_DIM);
    return packRow([id, grp, this.#random.integer(0, this.#rows), dim].map(int4));
  }

  async #load(table: TableSchema, count: number, rowOf: (id: number) => Row): Promise<void> {
    await this.#engine.beginTable(table, this.#lsn);
    const writer = new RowBatchWriter();
    for (let id = 0; id < count; id++) {
      writer.push(rowOf(id));
      if (writer.bytes >= BATCH_BYTES) await this.#engine.loadRows(table.oid, writer.take());
    }
    await this.#engine.loadRows(table.oid, writer.take());
    await this.#engine.endTable(table.oid);
  }

  #commit(rows: number): Commit {
    const writer = new ChangeWriter();
    for (let at = 0; at < rows; at++) {
      const fact = this.#fact(this.#random.integer(0, this.#rows));
      writer.update(this.#tables.facts, OldRow.none, null, fact);
    }
    this.#lsn += 20n;
    return {
      commitLsn: this.#lsn - 10n,
      endLsn: this.#lsn,
      commitTime: 0n,
      changes: writer.take(),
      schemaChanged: false,
      xid: 1,
      touched: [],
    };
  }
}
