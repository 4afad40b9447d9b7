import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { SeededRandom, sampleSeed } from "@freshet/base";
import { encodeBind, encodeExecute, encodeParse, encodeSync } from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { untilReady } from "../faults/replicating.ts";
import { TextClient, lastStatement, until, withText } from "../faults/support.ts";
import { type Primary, caughtUp, startPrimary, startStandby } from "../harness/standby.ts";

/** Read-only transaction blocks on a replica, and how they go on at the primary. */

let folder: string;
let primary: Primary;
let standby: Primary;
let freshet: FreshetProcess;
let upstream: pg.Client;
let replica: pg.Client;
let proxied: TextClient;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "freshet-blocks-"));
  primary = await startPrimary();
  upstream = await connect(primary.url);
  await upstream.query(`
    CREATE TABLE items (id int PRIMARY KEY, v int);
    INSERT INTO items SELECT i, i FROM generate_series(1, 1000) i;
    CREATE UNLOGGED TABLE passing (id int);
    CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';`);
  standby = await startStandby(primary, { max_standby_streaming_delay: "0" });
  replica = await connect(standby.url);
  await caughtUp(upstream, replica);
  const pools = path.join(folder, "pools.toml");
  await writeFile(pools, 'pool_mode = "transaction"\nserver_login_retry = 1\nadmin_users = "postgres"\n');
  freshet = await FreshetProcess.start({
    upstream: primary,
    instance: "blocks",
    flags: [
      ...["--auth-type", "scram-sha-256", "--pools", pools],
      ...["--replicas", `127.0.0.1:${standby.port}`, "--replica-check-interval-ms", "100"],
    ],
  });
  await untilReady(freshet);
  proxied = await TextClient.connect(freshet.connection);
});

afterAll(async () => {
  await proxied.end();
  await freshet.remove();
  await replica.end();
  await upstream.end();
  await standby.stop();
  await primary.stop();
  await rm(folder, { recursive: true });
});

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

const READ = "SELECT v FROM items WHERE id = 7";

/** Where the last statement went; of the primary, why. */
async function where(client: TextClient = proxied): Promise<string> {
  const { destination, replica: name } = await lastStatement(client);
  return destination === "replica" ? "replica" : (name ?? "");
}

async function untilOffloaded(): Promise<void> {
  await until("reads go to the replica", async () => {
    await proxied.rows(READ);
    return (await where()) === "replica" ? true : undefined;
  });
}

async function reads(): Promise<number> {
  const row = await withText({ ...freshet.connection, database: "freshet" }, (admin) => admin.record("SHOW REPLICAS"));
  return Number(row["reads"]);
}

/** Each of these statements, and where it went. */
async function destinations(...texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const text of texts) {
    await proxied.rows(text);
    found.push(await where());
  }
  return found;
}

test.each(["BEGIN READ ONLY", "START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY"])(
  "%s goes to a replica with all of its reads",
  async (begin) => {
    await untilOffloaded();
    expect(await destinations(begin, READ, "SELECT count(*) FROM items", "COMMIT")).toEqual(
      Array.from({ length: 4 }, () => "replica"),
    );
    expect(await destinations(begin, READ, "ROLLBACK", READ)).toEqual(Array.from({ length: 4 }, () => "replica"));
  },
);

test("default_transaction_read_only makes every block one", async () => {
  await proxied.rows("SET default_transaction_read_only = on");
  await untilOffloaded();
  expect(await destinations("BEGIN", READ, "COMMIT")).toEqual(["replica", "replica", "replica"]);
  expect(await destinations("BEGIN READ WRITE", READ, "COMMIT")).toEqual([
    "none: transaction block that may write",
    "none: transaction block on the primary",
    "none: transaction block on the primary",
  ]);
  await proxied.rows("SET default_transaction_read_only = off");
});

test("what needs the primary says why", async () => {
  await untilOffloaded();
  expect(await destinations("BEGIN", READ, "COMMIT")).toEqual([
    "none: transaction block that may write",
    "none: transaction block on the primary",
    "none: transaction block on the primary",
  ]);
  await untilOffloaded();
  expect(await destinations("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT")).toEqual([
    "none: isolation level of the transaction block",
    "none: transaction block on the primary",
  ]);
  await untilOffloaded();
  expect(await destinations("SELECT twice(1)")).toEqual(["none: not only reads"]);
  await proxied.rows("SET freshet.consistency = 'strong'");
  expect(await destinations(READ)).toEqual(["none: freshet.consistency is strong"]);
  await proxied.rows("RESET freshet.consistency");
});

test("a statement that only the primary can answer takes the block there", async () => {
  await untilOffloaded();
  await proxied.rows("BEGIN READ ONLY");
  expect([await proxied.value(READ), await where()]).toEqual(["7", "replica"]);
  expect([await proxied.value("SELECT pg_is_in_recovery()"), await where()]).toEqual(["f", "none: not only reads"]);
  expect(await proxied.value("SHOW transaction_read_only")).toBe("on");
  expect([await proxied.value(READ), await where()]).toEqual(["7", "none: transaction block on the primary"]);
  // It is one block: its end ends it there.
  expect((await proxied.error("UPDATE items SET v = 0")).code).toBe("25006");
  expect((await proxied.error(READ)).code).toBe("25P02");
  await proxied.rows("ROLLBACK");
  expect(await proxied.value("SELECT twice(4)")).toBe("8");
  for (const text of ["SELECT twice(id) FROM items WHERE id = 2", "SAVEPOINT a", "SET LOCAL work_mem = '1MB'"]) {
    await untilOffloaded();
    await proxied.rows("BEGIN READ ONLY");
    await proxied.rows(READ);
    expect(await where()).toBe("replica");
    await proxied.rows(text);
    expect([text, await where()]).toEqual([text, "none: not only reads"]);
    await proxied.rows("COMMIT");
  }
});

test("the time of a transaction is the primary's, from its first use on", async () => {
  await untilOffloaded();
  await proxied.rows("BEGIN READ ONLY");
  await proxied.rows(READ);
  const now = await proxied.value("SELECT now()");
  expect(await where()).toBe("none: the time of the transaction is asked for");
  expect(await proxied.value("SELECT $1::text::timestamptz", ["now"])).toBe(now);
  await proxied.rows("COMMIT");
  await untilOffloaded();
  await proxied.rows("BEGIN READ ONLY");
  await proxied.value("SELECT $1::text::timestamptz", ["today"]);
  expect(await where()).toBe("none: the time of the transaction is asked for");
  await proxied.rows("COMMIT");
});

test("what fails on the replica the primary answers, within the block; an error is the block's", async () => {
  await untilOffloaded();
  await proxied.rows("BEGIN READ ONLY");
  await proxied.rows(READ);
  expect([await proxied.value("SELECT count(*) FROM passing"), await where()]).toEqual(["0", "none: it failed there"]);
  expect(await proxied.value(READ)).toBe("7");
  await proxied.rows("COMMIT");
  await untilOffloaded();
  await proxied.rows("BEGIN READ ONLY");
  expect((await proxied.error("SELECT v / 0 FROM items")).code).toBe("22012");
  expect((await proxied.error(READ)).code).toBe("25P02");
  await proxied.rows("ROLLBACK");
  await untilOffloaded();
  // After the first row the error is the replica's, and so is the failed block.
  await proxied.rows("BEGIN READ ONLY");
  expect((await proxied.error("SELECT 1 / (v - 900) FROM items ORDER BY id")).code).toBe("22012");
  expect((await proxied.error(READ)).code).toBe("25P02");
  expect((await proxied.error("SELECT twice(1)")).code).toBe("25P02");
  await proxied.rows("COMMIT");
  expect(await proxied.value(READ)).toBe("7");
});

test("a block that waits for its client outlives its replica's connection", async () => {
  await untilOffloaded();
  await proxied.rows("BEGIN READ ONLY");
  await proxied.rows(READ);
  expect(await where()).toBe("replica");
  const ended = await replica.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'",
  );
  expect(ended.rows.length).toBe(1);
  expect(await proxied.value(READ)).toBe("7");
  expect(await proxied.value("SHOW transaction_read_only")).toBe("on");
  await proxied.rows("COMMIT");
  expect(await proxied.value("SELECT pg_is_in_recovery()")).toBe("f");
});

test("a session's writes are in its next block, however far the replica lags", async () => {
  await untilOffloaded();
  await replica.query("SELECT pg_wal_replay_pause()");
  try {
    await proxied.rows("UPDATE items SET v = 100 WHERE id = 8");
    await proxied.rows("BEGIN READ ONLY");
    expect(await where()).toBe("none: no replica is fit, or has what the session has written");
    expect(await proxied.value("SELECT v FROM items WHERE id = 8")).toBe("100");
    await proxied.rows("COMMIT");
  } finally {
    await replica.query("SELECT pg_wal_replay_resume()").catch(() => undefined);
  }
  await untilOffloaded();
  await proxied.rows("BEGIN READ ONLY");
  expect([await proxied.value("SELECT v FROM items WHERE id = 8"), await where()]).toEqual(["100", "replica"]);
  await proxied.rows("COMMIT");
});

test("prepared statements serve in blocks", async () => {
  await untilOffloaded();
  const client = await connect(urlOf());
  const before = await reads();
  const named = { name: "by_id", text: "SELECT v FROM items WHERE id = $1" };
  await client.query("BEGIN READ ONLY");
  for (const id of [1, 2, 3]) expect((await client.query({ ...named, values: [id] })).rows).toEqual([{ v: id }]);
  await client.query("COMMIT");
  expect(await reads()).toBe(before + 5);
  await client.query("BEGIN READ ONLY");
  expect((await client.query({ ...named, values: [4] })).rows).toEqual([{ v: 4 }]);
  expect((await client.query({ name: "twice", text: "SELECT twice($1)", values: [4] })).rows).toEqual([{ twice: 8 }]);
  expect((await client.query({ ...named, values: [5] })).rows).toEqual([{ v: 5 }]);
  await client.query("COMMIT");
  await client.end();
});

test("a driver's BEGIN may come with the first read, and its end with the last", async () => {
  await untilOffloaded();
  const client = new pg.Client(urlOf());
  // Messages come that are no query's of the driver's.
  client.on("error", () => undefined);
  await client.connect();
  const before = await reads();
  const values: (string | undefined)[] = [];
  let ended = 0;
  client.connection.on("dataRow", ({ fields }: { fields: readonly string[] }) => values.push(fields[0]));
  client.connection.on("readyForQuery", () => ended++);
  const run = (text: string): readonly Buffer[] => [
    encodeParse("", text),
    encodeBind({ portal: "", statement: "" }),
    encodeExecute(""),
  ];
  for (const segment of [
    [...run("BEGIN READ ONLY"), ...run(READ)],
    run("SELECT v FROM items WHERE id = 9"),
    run("SELECT twice(v) FROM items WHERE id = 9"),
    run("COMMIT"),
    // All in one; the same when the replica cannot.
    [...run("BEGIN READ ONLY"), ...run(READ), ...run("COMMIT")],
    [...run("BEGIN READ ONLY"), ...run("SELECT count(*) FROM passing"), ...run("COMMIT")],
  ])
    client.connection.stream.write(Buffer.concat([...segment, encodeSync()]));
  await until("all is answered", () => (ended === 6 ? true : undefined));
  expect(values).toEqual(["7", "9", "18", "7", "0"]);
  expect(await reads()).toBeGreaterThanOrEqual(before + 2);
  await client.end();
});

const BEGINS = [
  "BEGIN READ ONLY",
  "START TRANSACTION READ ONLY",
  "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY, DEFERRABLE",
];
const ENDS = ["COMMIT", "ROLLBACK", "END", "ABORT"];
/** Statements whose outcome is the same whoever runs them, as long as they run where they should. */
const STATEMENTS: readonly (readonly [string, ...unknown[]])[] = [
  ...Array.from({ length: 4 }, (_, n) => [`SELECT v FROM items WHERE id = ${n + 20}`] as const),
  ["SELECT v FROM items WHERE id = $1", 30],
  ["SELECT id, v FROM items WHERE id BETWEEN $1 AND $2 ORDER BY id", 40, 60],
  ["SELECT count(*), sum(v) FROM items"],
  ["SELECT 1 / (v - 900) FROM items ORDER BY id"],
  ["SELECT 10 / (id - 1) FROM items WHERE id = $1", 1],
  ["SELECT nothing FROM items"],
  ["SELEC 1"],
  [""],
  ["SELECT count(*) FROM passing"],
  ["SELECT twice(id) FROM items WHERE id = $1", 5],
  ["SELECT pg_is_in_recovery(), current_setting('transaction_read_only')"],
  ["SELECT now() = transaction_timestamp(), now() = 'now'::timestamptz"],
  ["SELECT v FROM items WHERE id = 3 FOR UPDATE"],
  ["UPDATE items SET v = v WHERE false"],
  ["SHOW transaction_isolation"],
  ["SET LOCAL work_mem = '3MB'"],
  ["SHOW work_mem"],
  ["SAVEPOINT a"],
  ["ROLLBACK TO SAVEPOINT a"],
  ["RELEASE SAVEPOINT a"],
  ["DECLARE c CURSOR FOR SELECT id FROM items ORDER BY id"],
  ["FETCH 3 FROM c"],
  ["BEGIN READ ONLY"],
  ["SET TRANSACTION READ WRITE"],
  ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"],
  ["SELECT 1; SELECT 2"],
];

test("random blocks give what the primary alone gives", async () => {
  const random = new SeededRandom(sampleSeed());
  const direct = await TextClient.connect(primary);
  const told = async (client: TextClient, [text, ...values]: readonly [string, ...unknown[]]): Promise<string> => {
    try {
      return JSON.stringify(await client.rows(text, values.length === 0 ? undefined : values));
    } catch (error) {
      return error instanceof pg.DatabaseError ? `${error.code} ${error.message}` : String(error);
    }
  };
  // Nothing is written, so that no block has to wait for what the session may have written.
  await proxied.rows("SET freshet.consistency = 'eventual'");
  let offloaded = 0;
  let moved = 0;
  for (let block = 0; block < 120; block++) {
    const length = random.integer(0, 8);
    const body = Array.from({ length }, () => random.pick(STATEMENTS));
    // Few blocks would get far if most statements failed.
    const reads = Array.from({ length: random.integer(0, 4) }, () => random.pick(STATEMENTS.slice(0, 7)));
    const statements = [[random.pick(BEGINS)] as const, ...reads, ...body, [random.pick(ENDS)] as const];
    // One after the other: a block that may write after all takes locks.
    const expected: (readonly unknown[])[] = [];
    for (const statement of statements) expected.push([...statement, await told(direct, statement)]);
    const found: (readonly unknown[])[] = [];
    for (const statement of statements) {
      found.push([...statement, await told(proxied, statement)]);
      const place = await where();
      if (place === "replica") offloaded++;
      else if (place.startsWith("none: ") && !place.includes("on the primary")) moved++;
    }
    expect(found).toEqual(expected);
  }
  expect(offloaded).toBeGreaterThan(100);
  expect(moved).toBeGreaterThan(50);
  await proxied.rows("RESET freshet.consistency");
  await direct.end();
});

function urlOf(): string {
  const { host, port, user, password, database } = freshet.connection;
  return `postgres://${user}:${password}@${host}:${port}/${database}`;
}
