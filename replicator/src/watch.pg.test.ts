import { must } from "@freshet/base";
import type { Commit } from "@freshet/contract";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Follower } from "./testing/upstream-fixture.ts";
import { caughtUp, differences, follow, unfollow, Upstream } from "./testing/upstream-fixture.ts";

const INSTANCE = "watch_test";
let upstream: Upstream;
let follower: Follower;

beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream.stop());
beforeEach(async () => {
  await upstream.run(
    "DROP SCHEMA IF EXISTS t CASCADE",
    "CREATE SCHEMA t",
    "CREATE TABLE t.a (id int PRIMARY KEY, v text)",
  );
  follower = await follow(upstream, INSTANCE);
});
afterEach(async () => {
  await unfollow(upstream, follower, INSTANCE);
});

function commits(): Commit[] {
  return follower.model.events.flatMap((event) => (event.kind === "commit" ? [event.commit] : []));
}

/** The transactions that told of touching the table, and the one that asks. */
async function touching(oid: number): Promise<number[]> {
  await caughtUp(upstream, follower.model);
  return commits().flatMap(({ xid, touched }) => (touched.some(({ tableOid }) => tableOid === oid) ? [xid] : []));
}

async function published(): Promise<readonly string[]> {
  const { rows } = await upstream.client.query<{ tablename: string }>(
    `SELECT tablename FROM pg_publication_tables WHERE pubname = '${INSTANCE}_pub' ORDER BY 1`,
  );
  return rows.map((row) => row.tablename);
}

it("tells the touches of a table whose rows it does not copy, by transaction", async () => {
  const tableOid = await upstream.oid("t.a");
  await follower.source.watchTables([{ tableOid, columns: ["id"] }]);
  const xid = await upstream.value<string>("INSERT INTO t.a VALUES (1, 'x') RETURNING pg_current_xact_id()::text AS v");
  expect(await touching(tableOid)).toEqual([Number(xid)]);
  const commit = must(commits().find((one) => one.xid === Number(xid)));
  expect(commit.changes).toEqual([]);
  expect(commit.touched).toEqual([{ tableOid, columns: ["id"], rows: [[Buffer.from([0, 0, 0, 1])]] }]);
});

it("tells every touch of the transactions from the one that it names on, whatever ran meanwhile", async () => {
  const tableOid = await upstream.oid("t.a");
  const other = new Client({ connectionString: upstream.server.url });
  await other.connect();
  await other.query("BEGIN");
  await other.query("INSERT INTO t.a VALUES (1, 'before')");
  // ALTER PUBLICATION waits for no reader or writer of the table.
  const from = await follower.source.watchTables([{ tableOid, columns: [] }]);
  const early = await upstream.value<string>("SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS v");
  expect(BigInt(early)).toBeLessThan(from);
  const late = await upstream.value<string>(
    "INSERT INTO t.a VALUES (2, 'after') RETURNING pg_current_xact_id()::text AS v",
  );
  expect(BigInt(late)).toBeGreaterThanOrEqual(from);
  await other.query("INSERT INTO t.a VALUES (3, 'before')");
  await other.query("COMMIT");
  await other.end();
  expect(await touching(tableOid)).toContain(Number(late));
});

it("keeps a table published as long as it is added or watched", async () => {
  const tableOid = await upstream.oid("t.a");
  await follower.source.watchTables([{ tableOid, columns: [] }]);
  await follower.source.addTables([tableOid], follower.model, () => undefined);
  await upstream.run("INSERT INTO t.a VALUES (1, 'x')");
  expect(await differences(upstream, follower.model, "t.a")).toEqual([]);
  expect(await touching(tableOid)).toHaveLength(1);
  await follower.source.removeTables([tableOid]);
  expect(await published()).toEqual(["a"]);
  await upstream.run("UPDATE t.a SET v = 'y'");
  expect(await touching(tableOid)).toHaveLength(2);
  await follower.source.addTables([tableOid], follower.model, () => undefined);
  await follower.source.unwatchTables([tableOid]);
  expect(await published()).toEqual(["a"]);
  await upstream.run("UPDATE t.a SET v = 'z'");
  expect(await differences(upstream, follower.model, "t.a")).toEqual([]);
  expect(await touching(tableOid)).toHaveLength(2);
  await follower.source.removeTables([tableOid]);
  expect(await published()).toEqual([]);
});

it("refuses a table whose UPDATEs publishing would make fail", async () => {
  await upstream.run("CREATE TABLE t.nokey (v text)");
  const tableOid = await upstream.oid("t.nokey");
  await expect(follower.source.watchTables([{ tableOid, columns: [] }])).rejects.toThrow(/no usable replica identity/);
  expect(await published()).toEqual([]);
});
