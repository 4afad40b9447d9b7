import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { once } from "node:events";
import { createConnection } from "node:net";
import { encodeBind, encodeCancelRequest, encodeExecute, encodeParse, encodeSync } from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { untilReady } from "../faults/replicating.ts";
import { TextClient, cachedRows, lastStatement, until, withText } from "../faults/support.ts";
import { type Primary, caughtUp, startPrimary, startStandby } from "../harness/standby.ts";

let folder: string;
let primary: Primary;
let standby: Primary;
let freshet: FreshetProcess;
let upstream: pg.Client;
let replica: pg.Client;
let proxied: TextClient;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "freshet-replicas-"));
  primary = await startPrimary();
  upstream = await connect(primary);
  await upstream.query(`
    CREATE TABLE items (id int PRIMARY KEY, v int);
    INSERT INTO items SELECT i, i FROM generate_series(1, 1000) i;
    CREATE UNLOGGED TABLE passing (id int);
    CREATE SEQUENCE numbers;
    CREATE VIEW numbered AS SELECT nextval('numbers') AS n;`);
  standby = await startStandby(primary, { max_standby_streaming_delay: "0" });
  replica = await connect(standby);
  await caughtUp(upstream, replica);
  const pools = path.join(folder, "pools.toml");
  await writeFile(pools, 'pool_mode = "transaction"\nserver_login_retry = 1\nadmin_users = "postgres"\n');
  freshet = await FreshetProcess.start({
    upstream: primary,
    instance: "replicas",
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

async function connect(server: Primary): Promise<pg.Client> {
  const client = new pg.Client(server.url);
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

const READ = "SELECT v FROM items WHERE id = 7";

/** The statement's value, and whether a replica gave it. */
async function read(text: string = READ, values?: readonly unknown[]): Promise<[string | null, string | null]> {
  const value = await proxied.value(text, values);
  return [value, (await lastStatement(proxied))["destination"] ?? null];
}

async function untilOffloaded(): Promise<void> {
  await until("reads go to the replica", async () => ((await read())[1] === "replica" ? true : undefined));
}

test("reads go to a replica, everything else to the primary", async () => {
  await untilOffloaded();
  const name = `127.0.0.1:${standby.port}`;
  expect(await lastStatement(proxied)).toMatchObject({ destination: "replica", reason: "no_cache", replica: name });
  expect(await read("SELECT v FROM items WHERE id = $1", [9])).toEqual(["9", "replica"]);
  expect((await proxied.rows("SELECT * FROM items")).length).toBe(1000);
  expect((await lastStatement(proxied))["destination"]).toBe("replica");
  for (const text of [
    "SELECT pg_is_in_recovery()",
    "SELECT v FROM items WHERE id = 7 FOR UPDATE",
    "SELECT nextval('numbers')",
    "SHOW transaction_read_only",
    "SELECT pg_advisory_xact_lock(1)",
    "SELECT count(*) FROM pg_stat_activity",
    "SELECT 1; SELECT 2",
    "UPDATE items SET v = v WHERE id = 1",
  ]) {
    await proxied.rows(text);
    expect([text, (await lastStatement(proxied))["destination"]]).toEqual([text, "upstream"]);
  }
});

test("what a replica cannot do the primary does, and errors are the primary's", async () => {
  await untilOffloaded();
  expect(await read("SELECT count(*) FROM passing")).toEqual(["0", "upstream"]);
  expect((await read("SELECT n FROM numbered"))[1]).toBe("upstream");
  expect((await proxied.error("SELECT v / 0 FROM items WHERE id = 7")).code).toBe("22012");
  expect((await proxied.error("SELECT missing FROM items WHERE id = $1", [1])).code).toBe("42703");
  expect(await read()).toEqual(["7", "replica"]);
});

test("named statements are prepared wherever they are needed, also again after an error", async () => {
  await untilOffloaded();
  const client = await connect({ ...primary, url: urlOf(freshet) });
  const named = { name: "by_id", text: "SELECT v FROM items WHERE id = $1" };
  const failing = { name: "quotient", text: "SELECT 10 / v AS q FROM items WHERE id = $1" };
  for (const id of [1, 2, 3]) expect((await client.query({ ...named, values: [id] })).rows).toEqual([{ v: id }]);
  await client.query("BEGIN");
  expect((await client.query({ ...named, values: [4] })).rows).toEqual([{ v: 4 }]);
  await client.query("UPDATE items SET v = 0 WHERE id = 5");
  expect((await client.query({ ...named, values: [5] })).rows).toEqual([{ v: 0 }]);
  await expect(client.query({ ...failing, values: [5] })).rejects.toMatchObject({ code: "22012" });
  await client.query("ROLLBACK");
  expect((await client.query({ ...failing, values: [5] })).rows).toEqual([{ q: 2 }]);
  await client.query("UPDATE items SET v = 0 WHERE id = 6");
  await expect(client.query({ ...failing, values: [6] })).rejects.toMatchObject({ code: "22012" });
  expect((await client.query({ ...failing, values: [5] })).rows).toEqual([{ q: 2 }]);
  await client.end();
});

/** What is replayed at once may conflict with the very statement that resumes it. */
async function resumeReplay(): Promise<void> {
  await replica.query("SELECT pg_wal_replay_resume()").catch((error: { code?: string }) => {
    if (error.code !== "40001") throw error;
  });
}

test("a session reads its own writes, however far the replica lags", async () => {
  await untilOffloaded();
  await replica.query("SELECT pg_wal_replay_pause()");
  try {
    for (let v = 100; v < 110; v++) {
      await proxied.rows(`UPDATE items SET v = ${v} WHERE id = 7`);
      expect(await read()).toEqual([String(v), "upstream"]);
    }
    await proxied.rows("SET freshet.consistency = 'eventual'");
    expect((await read())[0]).toBe("7");
    expect((await lastStatement(proxied))["destination"]).toBe("replica");
    await proxied.rows("SET freshet.consistency = 'strong'");
    expect(await read()).toEqual(["109", "upstream"]);
    await proxied.rows("RESET freshet.consistency");
  } finally {
    await resumeReplay();
  }
  await untilOffloaded();
  expect((await read())[0]).toBe("109");
});

test("a settings change moves with the session to the replica", async () => {
  await proxied.rows("SET TimeZone = 'Asia/Tokyo'");
  await untilOffloaded();
  expect(await read("SELECT '2024-01-01 00:00+00'::timestamptz::text FROM items WHERE id = 1")).toEqual([
    "2024-01-01 09:00:00+09",
    "replica",
  ]);
  await proxied.rows("RESET TimeZone");
});

test("caches answer as before, and misses go to the replica", async () => {
  const text = "SELECT id, v FROM items WHERE v = 500";
  await proxied.rows(`CREATE CACHE by_v FROM ${text}`);
  expect(await cachedRows(proxied, text)).toEqual([["500", "500"]]);
  await untilOffloaded();
  await proxied.rows("DROP CACHE by_v");
});

test("a conflict with recovery is not the client's: the primary answers", async () => {
  await untilOffloaded();
  const before = Number((await replicaRow())["retries"]);
  const counting = proxied.value("SELECT count(*) FROM items i, generate_series(1, 12000) s WHERE i.v + s > 0");
  await until("it runs on the replica", async () => {
    const { rows } = await replica.query(
      "SELECT FROM pg_stat_activity WHERE query LIKE '%12000%' AND state = 'active'",
    );
    return rows.length > 1 ? true : undefined;
  });
  await upstream.query("DELETE FROM items WHERE id > 990");
  await upstream.query("VACUUM items");
  expect(Number(await counting)).toBeGreaterThanOrEqual(12_000 * 989);
  expect((await lastStatement(proxied))["destination"]).toBe("upstream");
  expect(Number((await replicaRow())["retries"])).toBe(before + 1);
});

test("a cancel request ends a read on a replica, which is not tried again", async () => {
  await untilOffloaded();
  const client = new pg.Client(urlOf(freshet));
  const keyData = once(client.connection, "backendKeyData") as Promise<[{ processID: number; secretKey: number }]>;
  await client.connect();
  const [{ processID, secretKey }] = await keyData;
  const running = client.query("SELECT count(*) FROM items i, generate_series(1, 900000) s WHERE i.v + s > 0").then(
    () => "answered",
    ({ code }: { readonly code: string }) => code,
  );
  await until("it runs on the replica", async () => {
    const { rows } = await replica.query(
      "SELECT FROM pg_stat_activity WHERE query LIKE '%900000%' AND state = 'active'",
    );
    return rows.length > 1 ? true : undefined;
  });
  const key = Buffer.alloc(4);
  key.writeInt32BE(secretKey);
  const { host, port } = freshet.connection;
  const canceller = createConnection({ host, port });
  canceller.resume();
  canceller.end(encodeCancelRequest(processID, key));
  await once(canceller, "close");
  expect(await running).toBe("57014");
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await client.end();
});

test("pipelines go to one server as a whole, and in order", async () => {
  await untilOffloaded();
  const select = (id: number): readonly Buffer[] => [
    encodeParse("", `SELECT v FROM items WHERE id = ${id}`),
    encodeBind({ portal: "", statement: "" }),
    encodeExecute(""),
  ];
  const { host, port, user, password, database } = freshet.connection;
  const reading = await replicaRow();
  const client = new pg.Client({ host, port, user, password, database });
  // Errors come without a query of the driver's.
  client.on("error", () => undefined);
  await client.connect();
  const values: (string | undefined)[] = [];
  const endings: string[] = [];
  client.connection.on("dataRow", ({ fields }: { fields: readonly string[] }) => values.push(fields[0]));
  client.connection.on("errorMessage", ({ code }: { code: string }) => endings.push(code));
  client.connection.on("readyForQuery", () => endings.push("ready"));
  const { stream } = client.connection;
  const failing = [encodeParse("", "SELECT 1 / (v - 8) FROM items WHERE id = 8"), ...select(8).slice(1)];
  const writing = [encodeParse("", "UPDATE items SET v = -v WHERE id = 2"), ...select(2).slice(1)];
  // Two reads; a read and a write; a read and a failure, whose row came first; a read again.
  for (const segment of [
    [...select(1), ...select(2)],
    [...select(2), ...writing],
    [...select(3), ...failing, ...select(9)],
    [...select(2)],
  ])
    stream.write(Buffer.concat([...segment, encodeSync()]));
  await until("all is answered", () => (endings.filter((one) => one === "ready").length === 4 ? true : undefined));
  expect(values).toEqual(["1", "2", "2", "3", "-2"]);
  expect(endings).toEqual(["ready", "ready", "22012", "ready", "ready"]);
  expect(Number((await replicaRow())["reads"])).toBeGreaterThan(Number(reading["reads"]));
  await client.end();
});

async function replicaRow(): Promise<Record<string, string | null>> {
  return withText({ ...freshet.connection, database: "freshet" }, (console) => console.record("SHOW REPLICAS"));
}

test("a replica that goes away takes no read with it, and is used again when it is back", async () => {
  await untilOffloaded();
  const clients = await Promise.all(Array.from({ length: 4 }, () => TextClient.connect(freshet.connection)));
  let stopped = false;
  let reads = 0;
  const readers = clients.map(async (client, index) => {
    while (!stopped) {
      expect(await client.value("SELECT v FROM items WHERE id = $1", [index + 11])).toBe(String(index + 11));
      reads++;
    }
  });
  await replica.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  );
  await until("reads go on", () => (reads > 200 ? true : undefined));
  await untilOffloaded();
  expect(await replicaRow()).toMatchObject({ name: `127.0.0.1:${standby.port}`, timeline: "1" });
  await standby.stop();
  const from = reads;
  await until("reads go on without it", () => (reads > from + 200 ? true : undefined));
  await until("it is known to be away", async () => ((await replicaRow())["usable"] === "0" ? true : undefined));
  stopped = true;
  await Promise.all(readers);
  expect(await read()).toEqual(["109", "upstream"]);
  for (const client of clients) await client.end();
});

function urlOf({ connection }: FreshetProcess): string {
  const { host, port, user, password, database } = connection;
  return `postgres://${user}:${password}@${host}:${port}/${database}`;
}
