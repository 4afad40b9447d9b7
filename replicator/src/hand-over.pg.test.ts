import { environment, SeededRandom, sleep } from "@freshet/base";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Follower } from "./testing/upstream-fixture.ts";
import { caughtUp, differences, follow, unfollow, until, Upstream } from "./testing/upstream-fixture.ts";

const INSTANCE = "hand_over_test";
/** More of them with FC_RUNS_MULTIPLIER. */
const seeds = Array.from({ length: 6 * Number(environment()["FC_RUNS_MULTIPLIER"] ?? 1) }, (_, index) => index + 1);
const ignoreProgress = (): void => undefined;
let upstream: Upstream;
let follower: Follower;

beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream.stop());
beforeEach(async () => {
  await upstream.run(
    "DROP SCHEMA IF EXISTS h CASCADE",
    "CREATE SCHEMA h",
    "CREATE TABLE h.a (id int PRIMARY KEY, v int, note text)",
    "CREATE TABLE h.b (id int, v int, note text)",
    "ALTER TABLE h.b REPLICA IDENTITY FULL",
    "CREATE TABLE h.c (id int PRIMARY KEY, v int, note text)",
    "INSERT INTO h.a SELECT g, g, repeat('a', 50) FROM generate_series(1, 2000) g",
    "INSERT INTO h.b SELECT g, g, repeat('b', 50) FROM generate_series(1, 2000) g",
  );
  follower = await follow(upstream, INSTANCE);
});
afterEach(async () => {
  await unfollow(upstream, follower, INSTANCE);
});

const differing = (table: string): Promise<readonly string[]> => differences(upstream, follower.model, table);

async function session<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: upstream.server.url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function randomStatement(random: SeededRandom): string {
  const table = random.pick(["h.a", "h.b", "h.c"]);
  const id = random.integer(1, 2500);
  return random.pick([
    `INSERT INTO ${table} VALUES (${id + 10_000 * random.integer(1, 100_000)}, ${id}, 'new')`,
    `UPDATE ${table} SET v = v + 1 WHERE id = ${id}`,
    `UPDATE ${table} SET note = note || 'x' WHERE id BETWEEN ${id} AND ${id + 5}`,
    `UPDATE ${table} SET id = -id WHERE id = ${id} AND NOT EXISTS (SELECT FROM ${table} WHERE id = -${id})`,
    `DELETE FROM ${table} WHERE id = ${id}`,
    random.chance(0.02) ? `TRUNCATE ${table}` : `SELECT 1`,
  ]);
}

/** Writes random transactions until told to stop; conflicts with other writers roll one back. */
async function writer(random: SeededRandom, stopped: () => boolean): Promise<number> {
  let committed = 0;
  await session(async (client) => {
    while (!stopped()) {
      try {
        await client.query("BEGIN");
        for (let count = random.integer(1, 6); count > 0; count--) {
          await client.query(randomStatement(random));
          if (random.chance(0.1)) await sleep(random.integer(0, 20));
        }
        await client.query(random.chance(0.85) ? "COMMIT" : "ROLLBACK");
        committed++;
      } catch {
        await client.query("ROLLBACK");
      }
    }
  });
  return committed;
}

describe("hand-over", () => {
  it.each(seeds)("is exact under concurrent writes (seed %i)", async (seed) => {
    const random = new SeededRandom(seed);
    let done = false;
    const writers = [0, 1, 2].map((index) => writer(new SeededRandom(seed * 100 + index), () => done));
    try {
      await sleep(random.integer(0, 100));
      const tables = random.shuffle([await upstream.oid("h.a"), await upstream.oid("h.b"), await upstream.oid("h.c")]);
      follower.model.beforeBegin = () => sleep(random.integer(0, 50));
      follower.model.beforeAccept = () => (random.chance(0.05) ? sleep(random.integer(0, 10)) : Promise.resolve());
      await follower.source.addTables(tables.slice(0, 1), follower.model, ignoreProgress);
      await sleep(random.integer(0, 100));
      await follower.source.addTables(tables.slice(1), follower.model, ignoreProgress);
      await sleep(100);
      // Added once more, as after a change of shape.
      await follower.source.addTables(tables.slice(0, 1), follower.model, ignoreProgress);
      await sleep(50);
    } finally {
      done = true;
    }
    for (const committed of await Promise.all(writers)) expect(committed).toBeGreaterThan(0);
    for (const table of ["h.a", "h.b", "h.c"]) expect(await differing(table)).toEqual([]);
  });

  it("reports progress by rows", async () => {
    const seen: number[] = [];
    await follower.source.addTables([await upstream.oid("h.a")], follower.model, (progress) =>
      seen.push(progress.rows),
    );
    expect(seen.at(0)).toBe(0);
    expect(seen.at(-1)).toBe(2000);
  });

  it("lets other tables' stream go on while a snapshot waits for a long transaction", async () => {
    await follower.source.addTables([await upstream.oid("h.a")], follower.model, ignoreProgress);
    await session(async (client) => {
      await client.query("BEGIN");
      await client.query("INSERT INTO h.c VALUES (1, 1, 'before the snapshot')");
      const adding = follower.source.addTables([await upstream.oid("h.c")], follower.model, ignoreProgress);
      await upstream.run("UPDATE h.a SET v = v + 1");
      expect(await differing("h.a")).toEqual([]);
      expect(follower.model.tables.has(await upstream.oid("h.c"))).toBe(false);
      await client.query("COMMIT");
      await adding;
    });
    expect(await differing("h.c")).toEqual([]);
  });

  it("does not hold the stream longer than allowed, and tries again", async () => {
    await unfollow(upstream, follower, INSTANCE);
    follower = await follow(upstream, INSTANCE, { holdLimitMs: 200 });
    await follower.source.addTables([await upstream.oid("h.a")], follower.model, ignoreProgress);
    await session(async (client) => {
      await client.query("BEGIN");
      await client.query("INSERT INTO h.b VALUES (7, 7, 'long')");
      const adding = follower.source.addTables(
        [await upstream.oid("h.b"), await upstream.oid("h.c")],
        follower.model,
        ignoreProgress,
      );
      const slots = "SELECT count(*)::int AS v FROM pg_replication_slots WHERE temporary";
      await until(async () => (await upstream.value<number>(slots)) === 1, "the snapshot is under way");
      await upstream.run("INSERT INTO h.c VALUES (1, 1, 'held')", "UPDATE h.a SET v = 0");
      // This goes on before the long transaction has ended: the hold was given up.
      expect(await differing("h.a")).toEqual([]);
      await client.query("COMMIT");
      await adding;
    });
    for (const table of ["h.b", "h.c"]) expect(await differing(table)).toEqual([]);
  });

  it("undoes what it published when the sink fails", async () => {
    follower.model.beforeBegin = () => Promise.reject(new Error("no room"));
    const adding = follower.source.addTables([await upstream.oid("h.a")], follower.model, ignoreProgress);
    await expect(adding).rejects.toThrow("no room");
    expect(await upstream.value("SELECT count(*)::int AS v FROM pg_publication_tables")).toBe(0);
    await upstream.run("DELETE FROM h.a WHERE id = 1");
    await caughtUp(upstream, follower.model);
    follower.model.beforeBegin = () => Promise.resolve();
    await follower.source.addTables([await upstream.oid("h.a")], follower.model, ignoreProgress);
    expect(await differing("h.a")).toEqual([]);
  });
});
