import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { performance } from "node:perf_hooks";
import { ChangeWriter, type Commit, type Engine, OldRow, RowBatchWriter } from "@freshet/contract";
import { createEngine } from "@freshet/engine";
import { openStore } from "@freshet/store";
import { packRow, type Row } from "@freshet/values";
import { CUSTOMERS, ITEMS, ORDERS, REVENUE, REVENUE_TABLES } from "./revenue-plan.ts";

// As in the engine's worker.
Buffer.poolSize = 1 << 20;

/**
 * Drives the engine alone, in this process, over a real store: snapshot load, build of a join with an
 * aggregate, bulk changes and single commits. Prints CPU and wall time of each phase, per 100 000 rows.
 * Takes the number of items, which is the size of the state, as its argument.
 */
const ITEM_COUNT = Number(process.argv[2] ?? 250_000);
const ORDER_COUNT = Math.ceil(ITEM_COUNT / 2.5);
const CUSTOMER_COUNT = Math.ceil(ITEM_COUNT / 25);
const CHANGED_ROWS = 50_000;
const ROWS_PER_COMMIT = 10;
const SINGLE_COMMITS = 500;
const SINGLE_STAGES = 5;

let seed = 42;

/** The same numbers in every run. */
function random(below: number): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

function int4(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function item(id: number): Row {
  return packRow([int4(id), int4(id % ORDER_COUNT), int4(1 + random(9)), int4(100 + random(9900))]);
}

function rowOf(oid: number, id: number): Row {
  if (oid === CUSTOMERS) return packRow([int4(id), Buffer.from(`customer ${id}`), int4(id % 50)]);
  if (oid === ORDERS)
    return packRow([int4(id), int4(id % CUSTOMER_COUNT), Buffer.from(id % 3 === 0 ? "open" : "paid")]);
  return item(id);
}

async function measured(name: string, rows: number, body: () => Promise<void>): Promise<void> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(cpu);
  const wall = (performance.now() - started) / 1000;
  const seconds = (user + system) / 1e6;
  const per = 100_000 / rows;
  const figures = [
    `${(seconds * per).toFixed(2)} CPU s/100k`,
    `(system ${((system / 1e6) * per).toFixed(2)})`,
    `${(wall * per).toFixed(2)} s/100k`,
    `total ${wall.toFixed(2)} s`,
  ];
  process.stdout.write(`${name.padEnd(22)} ${figures.join("  ")}\n`);
}

async function load(engine: Engine, oid: number, count: number): Promise<void> {
  const writer = new RowBatchWriter();
  for (let id = 0; id < count; id++) {
    writer.push(rowOf(oid, id));
    if (writer.bytes >= 1 << 20) await engine.loadRows(oid, writer.take());
  }
  await engine.loadRows(oid, writer.take());
  await engine.endTable(oid);
}

let lsn = 1000n;

function commitOf(write: (writer: ChangeWriter) => void): Commit {
  const writer = new ChangeWriter();
  write(writer);
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

function updates(count: number): Commit {
  return commitOf((writer) => {
    for (let at = 0; at < count; at++) writer.update(ITEMS, OldRow.none, null, item(random(ITEM_COUNT)));
  });
}

async function changes(engine: Engine): Promise<void> {
  for (let done = 0; done < CHANGED_ROWS;) {
    const commits: Commit[] = [];
    for (let at = 0; at < 200; at++) commits.push(updates(ROWS_PER_COMMIT));
    await engine.apply(commits);
    done += 200 * ROWS_PER_COMMIT;
  }
}

/** One row each, in stages: what larger transactions have freed is LMDB's to tidy up, at first. */
async function singleCommits(engine: Engine, when: string): Promise<void> {
  for (let stage = 1; stage <= SINGLE_STAGES; stage++) {
    const took: number[] = [];
    const cpu = process.cpuUsage();
    for (let at = 0; at < SINGLE_COMMITS; at++) {
      const commit = updates(1);
      const started = process.cpuUsage();
      await engine.apply([commit]);
      const { user, system } = process.cpuUsage(started);
      took.push((user + system) / 1000);
    }
    const { user, system } = process.cpuUsage(cpu);
    took.sort((a, b) => a - b);
    const figures = [0.5, 0.99, 1].map((share) => took[Math.ceil(share * took.length) - 1]?.toFixed(2)).join(" / ");
    const mean = ((user + system) / 1000 / SINGLE_COMMITS).toFixed(2);
    process.stdout.write(`commits ${when}, ${stage}`.padEnd(28) + `${mean} CPU ms each, p50 / p99 / most ${figures}\n`);
  }
}

async function run(directory: string): Promise<void> {
  const engine = createEngine(openStore(directory), { now: () => performance.now() / 1000 });
  await engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn });
  for (const table of REVENUE_TABLES) await engine.beginTable(table, lsn);
  await measured("load", CUSTOMER_COUNT + ORDER_COUNT + ITEM_COUNT, async () => {
    await load(engine, CUSTOMERS, CUSTOMER_COUNT);
    await load(engine, ORDERS, ORDER_COUNT);
    await load(engine, ITEMS, ITEM_COUNT);
  });
  let longest = 0;
  await measured("build", CUSTOMER_COUNT + ORDER_COUNT + ITEM_COUNT, async () => {
    await engine.createCache({ id: 1, plan: REVENUE, writeBack: false, attributes: "" });
    for (let done = false; !done;) {
      const started = performance.now();
      done = (await engine.buildStep(1)).done;
      longest = Math.max(longest, performance.now() - started);
    }
  });
  process.stdout.write(`longest build step     ${longest.toFixed(1)} ms\n`);
  await singleCommits(engine, "after the build");
  await measured("changes, batched", CHANGED_ROWS, () => changes(engine));
  await measured("changes, batched again", CHANGED_ROWS, () => changes(engine));
  await singleCommits(engine, "after batches");
  await engine.close();
}

const directory = mkdtempSync(join(tmpdir(), "freshet-micro-"));
try {
  await run(directory);
} finally {
  rmSync(directory, { recursive: true });
}
