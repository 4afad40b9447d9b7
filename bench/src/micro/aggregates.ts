import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { performance } from "node:perf_hooks";
import { ChangeWriter, type Commit, type Engine, OldRow, RowBatchWriter } from "@freshet/contract";
import { createEngine } from "@freshet/engine";
import type { AggregateCall, ColumnExpression, Expression, Plan, QueryPlan } from "@freshet/sql";
import { openStore } from "@freshet/store";
import { type ColumnType, packRow, type Row } from "@freshet/values";

// As in the engine's worker.
Buffer.poolSize = 1 << 20;

/**
 * Microseconds per changed row of each aggregate over one group, by the number of rows in the group: flat or nearly so is the
 * aim. `node bench/dist/micro/aggregates.js [rows …] [aggregate …]`
 */
const TABLE = 1001;
const ROWS_PER_COMMIT = 10;
const COMMITS = 200;
/** Aggregates whose value has the size of the group are not asked for more. */
const MAX_LISTED_ROWS = 100_000;

const INT4: ColumnType = { typeOid: 23, typmod: -1, collation: 0 };
const INT8: ColumnType = { typeOid: 20, typmod: -1, collation: 0 };
const FLOAT8: ColumnType = { typeOid: 701, typmod: -1, collation: 0 };
const INT4_ARRAY: ColumnType = { typeOid: 1007, typmod: -1, collation: 0 };

const VALUE: ColumnExpression = { kind: "column", index: 0, type: INT4 };
const SORT = [{ expression: VALUE, descending: false, nullsFirst: false }] as const;

const HALF: Expression = {
  kind: "constant",
  value: Buffer.from([0x3f, 0xe0, 0, 0, 0, 0, 0, 0]).toString("latin1"),
  type: FLOAT8,
};

const FIVE_THOUSAND: Expression = { kind: "constant", value: "\0\0\x13\x88", type: INT4 };

const common = { arg: VALUE, distinct: false, inputCollation: 0 } as const;

const CALLS: readonly (readonly [title: string, call: AggregateCall, listed: boolean])[] = [
  ["count(*)", { ...common, name: "count", arg: null, type: INT8 }, false],
  ["min", { ...common, name: "min", type: INT4 }, false],
  ["sum(distinct)", { ...common, name: "sum", distinct: true, type: INT8 }, false],
  ["mode", { ...common, name: "mode", direct: [], sort: SORT, type: INT4 }, false],
  ["percentile_disc", { ...common, name: "percentile_disc", direct: [HALF], sort: SORT, type: INT4 }, false],
  ["dense_rank", { ...common, name: "dense_rank", direct: [FIVE_THOUSAND], sort: SORT, type: INT8 }, false],
  ["array_agg", { ...common, name: "array_agg", sort: SORT, type: INT4_ARRAY }, true],
];

function int4(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

let seed = 42;

/** The same numbers in every run. */
function random(below: number): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

function rowOf(id: number, rows: number): Row {
  return packRow([int4(id), int4(random(rows))]);
}

function queryOf(call: AggregateCall): QueryPlan {
  const scan: Plan = { kind: "scan", tableOid: TABLE, attributes: [2], columns: [INT4] };
  const columns = [call.type];
  return {
    plan: { kind: "aggregate", input: scan, groups: [], aggregates: [call], scalar: true, columns },
    result: columns.map((type, at) => ({ ...type, name: `c${at}`, tableOid: 0, attribute: 0, typeLength: -1 })),
    parameters: [],
    equality: [],
    range: null,
    sort: [],
    limit: null,
    offset: null,
    missingKeyRow: null,
    resultKey: null,
    tables: [{ tableOid: TABLE, schema: "public", name: "t" }],
    privileges: [],
    types: [],
    collations: [],
  };
}

let lsn = 1000n;

function commit(rows: number): Commit {
  const writer = new ChangeWriter();
  for (let at = 0; at < ROWS_PER_COMMIT; at++) writer.update(TABLE, OldRow.none, null, rowOf(random(rows), rows));
  lsn += 20n;
  return {
    commitLsn: lsn - 10n,
    endLsn: lsn,
    commitTime: 0n,
    changes: writer.take(),
    schemaChanged: false,
    xid: 1,
    touched: [],
  };
}

async function load(engine: Engine, rows: number): Promise<void> {
  await engine.beginTable(
    {
      oid: TABLE,
      schema: "public",
      name: "t",
      columns: ["id", "value"].map((name, at) => ({ attribute: at + 1, name, typeOid: INT4.typeOid, typmod: -1 })),
      identity: { kind: "key", columns: [0] },
    },
    lsn,
  );
  const writer = new RowBatchWriter();
  for (let id = 0; id < rows; id++) {
    writer.push(rowOf(id, rows));
    if (writer.bytes >= 1 << 20) await engine.loadRows(TABLE, writer.take());
  }
  await engine.loadRows(TABLE, writer.take());
  await engine.endTable(TABLE);
}

/** CPU time of a changed row in microseconds. */
async function change(engine: Engine, rows: number, commits: number): Promise<number> {
  const cpu = process.cpuUsage();
  for (let at = 0; at < commits; at++) await engine.apply([commit(rows)]);
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / (commits * ROWS_PER_COMMIT);
}

async function run(rows: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "freshet-micro-"));
  try {
    const engine = createEngine(openStore(directory), { now: () => performance.now() / 1000 });
    await engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn });
    await load(engine, rows);
    for (const [at, [title, call, listed]] of CALLS.entries()) {
      if (listed && rows > MAX_LISTED_ROWS) continue;
      if (wanted.length > 0 && !wanted.includes(title)) continue;
      await engine.createCache({ id: at + 1, plan: queryOf(call), writeBack: false, attributes: "" });
      while (!(await engine.buildStep(at + 1)).done);
      await change(engine, rows, 20);
      const micros = await change(engine, rows, listed ? COMMITS / 10 : COMMITS);
      process.stdout.write(
        `${String(rows).padStart(9)} rows  ${title.padEnd(16)} ${micros.toFixed(1)} µs per change\n`,
      );
      await engine.dropCache(at + 1);
      for (let more = true; more;) more = await engine.collectGarbage();
    }
    await engine.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const words = process.argv.slice(2);
const sizes = words.map(Number).filter((size) => Number.isSafeInteger(size));
const wanted = words.filter((word) => !Number.isSafeInteger(Number(word)));
for (const rows of sizes.length === 0 ? [10_000, 100_000, 1_000_000] : sizes) await run(rows);
