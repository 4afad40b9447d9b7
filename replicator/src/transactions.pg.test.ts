import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Follower } from "./testing/upstream-fixture.ts";
import { differences, follow, optionsFor, unfollow, until, Upstream } from "./testing/upstream-fixture.ts";
import { createReplicator } from "./replicator.ts";

const INSTANCE = "transactions_test";
const ignoreProgress = (): void => undefined;
let upstream: Upstream;
let other: Client;
let follower: Follower;

beforeAll(async () => {
  // With so little memory the walsender spills what a transaction writes.
  upstream = await Upstream.start({ max_prepared_transactions: "10", logical_decoding_work_mem: "64kB" });
  other = new Client({ connectionString: upstream.server.url });
  await other.connect();
});
afterAll(async () => {
  await other.end();
  await upstream.stop();
});
beforeEach(async () => {
  await upstream.run(
    "DROP SCHEMA IF EXISTS x CASCADE",
    "CREATE SCHEMA x",
    "CREATE TABLE x.a (id int PRIMARY KEY, v text)",
    "ALTER TABLE x.a ALTER v SET STORAGE EXTERNAL",
    "CREATE TABLE x.b (id int PRIMARY KEY, v text)",
    "INSERT INTO x.a SELECT g, 'a' || g FROM generate_series(1, 100) g",
  );
  follower = await follow(upstream, INSTANCE, { partBytes: 1 << 14 });
});
afterEach(async () => {
  await unfollow(upstream, follower, INSTANCE);
});

const differing = (table: string): Promise<readonly string[]> => differences(upstream, follower.model, table);

async function add(...tables: readonly string[]): Promise<void> {
  const oids: number[] = [];
  for (const table of tables) oids.push(await upstream.oid(table));
  await follower.source.addTables(oids, follower.model, ignoreProgress);
}

/** The model agrees with both tables. */
async function expectSame(): Promise<void> {
  expect(await differing("x.a")).toEqual([]);
  expect(await differing("x.b")).toEqual([]);
}

describe("two-phase commit", () => {
  it("shows what was prepared once it is committed, in the order of the commits", async () => {
    await add("x.a", "x.b");
    await upstream.run(
      "BEGIN",
      "UPDATE x.a SET v = 'prepared' WHERE id <= 10",
      "INSERT INTO x.b VALUES (1, 'prepared')",
      "PREPARE TRANSACTION 'one'",
      "INSERT INTO x.b VALUES (2, 'meanwhile')",
      "UPDATE x.a SET v = 'meanwhile' WHERE id = 50",
    );
    await expectSame();
    await upstream.run("COMMIT PREPARED 'one'");
    await expectSame();
    await upstream.run(
      "BEGIN",
      "DELETE FROM x.a WHERE id > 20",
      "TRUNCATE x.b",
      "PREPARE TRANSACTION 'two'",
      "ROLLBACK PREPARED 'two'",
      "UPDATE x.a SET v = v || '!' WHERE id = 30",
    );
    await expectSame();
  });

  it("shows it after a restart between the two phases", async () => {
    await add("x.a", "x.b");
    await upstream.run("BEGIN", "UPDATE x.a SET v = 'late', id = -id WHERE id < 5", "PREPARE TRANSACTION 'three'");
    await expectSame();
    const lsn = follower.model.appliedLsn;
    follower.source.acknowledge(lsn);
    await until(async () => (await upstream.confirmed(follower.origin.slotName)) >= lsn, "the slot has moved");
    await follower.source.stop();
    await upstream.run("COMMIT PREPARED 'three'", "INSERT INTO x.b VALUES (3, 'after')");
    const source = createReplicator(optionsFor(upstream.server.url, INSTANCE));
    const tables = [...follower.model.tables.values()].map(({ schema }) => schema);
    const { reset } = await source.start({ ...follower.origin, lsn }, tables, follower.model);
    follower = { ...follower, source };
    expect(reset).toBe(false);
    await expectSame();
  });

  it("is waited for where it began before a table is added", async () => {
    await upstream.run("BEGIN", "UPDATE x.a SET v = 'before' WHERE id <= 10", "PREPARE TRANSACTION 'four'");
    const added = add("x.a", "x.b");
    await until(
      async () =>
        await upstream.value<boolean>(
          "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE_REPLICATION_SLOT%') AS v",
        ),
      "the snapshot waits for the prepared transaction",
    );
    await upstream.run("INSERT INTO x.a VALUES (1000, 'while it waits')", "COMMIT PREPARED 'four'");
    await added;
    await expectSame();
  });
});

describe("a transaction", () => {
  it("larger than the walsender's memory comes whole, whatever its subtransactions and others do meanwhile", async () => {
    await add("x.a", "x.b");
    await other.query("BEGIN");
    await other.query("INSERT INTO x.b SELECT g, repeat('o', 500) FROM generate_series(5001, 5400) g");
    await upstream.run("BEGIN", "INSERT INTO x.b SELECT g, repeat('b', 500) FROM generate_series(1, 400) g");
    for (let round = 0; round < 80; round++) {
      await upstream.run(
        `SAVEPOINT s${round}`,
        `INSERT INTO x.a VALUES (${1000 + round}, repeat('x', ${round * 100}))`,
        `UPDATE x.b SET v = v || '${round}' WHERE id % 80 = ${round}`,
      );
      if (round % 3 === 0) await upstream.run(`ROLLBACK TO SAVEPOINT s${round}`);
      else if (round % 3 === 1) await upstream.run(`RELEASE SAVEPOINT s${round}`);
    }
    await other.query("UPDATE x.a SET v = repeat('long', 3000) WHERE id = 7");
    await other.query("COMMIT");
    await upstream.run("SAVEPOINT last", "TRUNCATE x.b", "ROLLBACK TO SAVEPOINT last");
    await upstream.run("DELETE FROM x.b WHERE id BETWEEN 100 AND 200", "COMMIT");
    await expectSame();
    // The value that is kept out of line does not come again.
    await upstream.run("UPDATE x.a SET id = -7 WHERE id = 7", "BEGIN", "UPDATE x.a SET v = 'gone'", "ROLLBACK");
    await expectSame();
  });

  it("whose savepoints nest is seen as it ends", async () => {
    await add("x.a", "x.b");
    await upstream.run(
      "BEGIN",
      "SAVEPOINT a",
      "INSERT INTO x.b VALUES (1, 'a')",
      "SAVEPOINT b",
      "UPDATE x.b SET v = 'b'",
      "SAVEPOINT c",
      "DELETE FROM x.b",
      "ROLLBACK TO SAVEPOINT c",
      "RELEASE SAVEPOINT b",
      "SAVEPOINT d",
      "UPDATE x.a SET v = NULL",
      "ROLLBACK TO SAVEPOINT d",
      "UPDATE x.a SET id = id + 1000 WHERE id > 90",
      "COMMIT AND CHAIN",
      "DELETE FROM x.a WHERE id < 5",
      "COMMIT",
    );
    await expectSame();
  });
});
