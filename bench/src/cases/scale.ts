import { now, sleep } from "@freshet/base";
import { Bench } from "../bench.ts";
import { runOwnLoad } from "../load/own-load.ts";
import { ValueReader } from "../load/value-reader.ts";
import { Freshet } from "../system/freshet.ts";
import { cpuMicroseconds, memoryOf } from "../system/process-usage.ts";
import { openSql } from "../system/sql-client.ts";

/** What one size of the state costs. */
export interface ScalePoint {
  readonly rows: number;
  /** Both CREATE CACHE together, with the copy of the table. */
  readonly buildMs: number;
  readonly hitP50Us: number;
  readonly hitP99Us: number;
  readonly cpuUsPerChange: number;
  readonly changesPerSecond: number;
  /** From the start of the process until a statement was answered from a cache. */
  readonly restartMs: number;
  /** After the restart and a short load. */
  readonly residentBytes: number;
  readonly anonymousBytes: number;
  readonly diskBytes: number;
}

export interface ScaleResult {
  readonly points: readonly ScalePoint[];
}

const SMALLEST = 10_000;
const STEP = 10;
const TABLE = "bench_scale";
const KEYED = `SELECT grp, val FROM ${TABLE} WHERE id = $1`;
const GROUPED = `SELECT count(*), sum(val) FROM ${TABLE} WHERE grp = $1`;
const ROWS_PER_GROUP = 100;
const SENTINEL = `SELECT val FROM ${TABLE} WHERE id = 1`;

/** The same caches over ten, a hundred … thousand rows, each with a Freshet of its own. */
export async function measureScale(bench: Bench): Promise<ScaleResult> {
  const points: ScalePoint[] = [];
  for (const rows of scaleSizes(bench.options.scale, bench.options.quick)) {
    bench.log(`scale: ${rows} rows ...`);
    points.push(await measureSize(bench, rows));
  }
  return { points };
}

/** Powers of ten up to the size of the large tables, and that size; quickly that one alone. */
export function scaleSizes(largest: number, quick: boolean): readonly number[] {
  if (quick) return [largest];
  const sizes: number[] = [];
  for (let rows = SMALLEST; rows < largest; rows *= STEP) sizes.push(rows);
  return [...sizes, largest];
}

async function measureSize(outer: Bench, rows: number): Promise<ScalePoint> {
  const { upstream, resources, options } = outer;
  const instance = `bench_scale_${rows}`;
  await createTable(outer, rows);
  const freshet = await resources.start(() => Freshet.start(upstream, instance));
  const bench = new Bench(options, upstream, freshet, resources, outer.log);
  const buildMs = (await bench.createCache("keyed", KEYED)) + (await bench.createCache("grouped", GROUPED));
  for (const key of [1, Math.ceil(rows / 2), rows]) await expectHits(bench, rows, key);
  const hit = await hits(bench, rows);
  const change = await changes(bench, rows);
  await freshet.end("SIGTERM");
  const started = now();
  await freshet.launch();
  await bench.untilHit(KEYED.replace("$1", "1"));
  const restartMs = now() - started;
  await expectHits(bench, rows, 1);
  await hits(bench, rows);
  const memory = await memoryOf(freshet.pid);
  const diskBytes = await freshet.diskBytes();
  await resources.stop(freshet);
  await upstream.sql.run(`SELECT pg_drop_replication_slot('${instance}')`);
  await upstream.sql.run(`DROP TABLE ${TABLE}`);
  return { rows, buildMs, ...hit, ...change, restartMs, ...memory, diskBytes };
}

async function createTable({ upstream: { sql } }: Bench, rows: number): Promise<void> {
  const groups = Math.ceil(rows / ROWS_PER_GROUP);
  await sql.run(`CREATE TABLE ${TABLE} (id integer PRIMARY KEY, grp integer NOT NULL, val integer NOT NULL)`);
  await sql.run(`INSERT INTO ${TABLE} SELECT i, i % ${groups}, i % 1000 FROM generate_series(1, ${rows}) i`);
  await sql.run(`CREATE INDEX ON ${TABLE} (grp)`);
  await sql.run(`VACUUM ANALYZE ${TABLE}`);
  await sql.run(`CREATE OR REPLACE PROCEDURE ${TABLE}_changes(changes integer, sentinel integer) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', false);
  FOR i IN 1..changes LOOP
    UPDATE ${TABLE} SET val = val % 1000 + 1 WHERE id = 2 + i::bigint * 7919 % ${rows - 1};
    COMMIT;
  END LOOP;
  UPDATE ${TABLE} SET val = sentinel WHERE id = 1;
END $$`);
}

async function expectHits(bench: Bench, rows: number, key: number): Promise<void> {
  await bench.expectHit(KEYED.replace("$1", String(key)));
  await bench.expectHit(GROUPED.replace("$1", String(key % Math.ceil(rows / ROWS_PER_GROUP))));
}

async function hits(bench: Bench, rows: number): Promise<{ readonly hitP50Us: number; readonly hitP99Us: number }> {
  const seconds = Math.max(1, Math.round(bench.options.seconds / 2));
  const load = { server: bench.freshet, protocol: "prepared", clients: 1, seconds, sql: KEYED, keys: rows } as const;
  const { p50Us, p99Us } = await bench.withoutMisses("keyed", () => runOwnLoad(load));
  return { hitP50Us: p50Us, hitP99Us: p99Us };
}

/** A backlog of single-row commits, as in `changes`. */
async function changes(
  bench: Bench,
  rows: number,
): Promise<{ readonly cpuUsPerChange: number; readonly changesPerSecond: number }> {
  const { freshet, upstream, options } = bench;
  const count = options.quick ? 1000 : 20_000;
  const sentinel = 1_000_000 + rows;
  const session = await openSql(upstream);
  const reader = await ValueReader.open(freshet);
  try {
    const cpuBefore = await cpuMicroseconds(freshet.pid);
    freshet.signal("SIGSTOP");
    await session.run(`CALL ${TABLE}_changes(${count}, ${sentinel})`);
    const started = now();
    freshet.signal("SIGCONT");
    while (Number(await reader.query(SENTINEL)) !== sentinel) await sleep(5);
    const seconds = (now() - started) / 1000;
    const cpu = (await cpuMicroseconds(freshet.pid)) - cpuBefore;
    for (const key of [1, 2, rows]) await expectHits(bench, rows, key);
    return { cpuUsPerChange: cpu / count, changesPerSecond: count / seconds };
  } finally {
    freshet.signal("SIGCONT");
    reader.close();
    await session.close();
  }
}
