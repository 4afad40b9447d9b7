import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Follower } from "./testing/upstream-fixture.ts";
import { caughtUp, follow, unfollow, Upstream } from "./testing/upstream-fixture.ts";

const INSTANCE = "stream_test";
const ignoreProgress = (): void => undefined;
let upstream: Upstream;
let follower: Follower;

beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream.stop());

async function expectEqual(table: string): Promise<void> {
  const oid = await upstream.oid(table);
  await caughtUp(upstream, follower.model);
  const schema = follower.model.tables.get(oid)?.schema;
  if (schema === undefined) throw new Error(`${table} was not added`);
  expect(follower.model.contents(oid)).toEqual(await upstream.contents(schema));
}

async function add(...tables: readonly string[]): Promise<void> {
  const oids = await Promise.all(tables.map((table) => upstream.oid(table)));
  await follower.source.addTables(oids, follower.model, ignoreProgress);
}

describe("the stream", () => {
  beforeEach(async () => {
    await upstream.run("DROP SCHEMA IF EXISTS t CASCADE", "CREATE SCHEMA t");
    follower = await follow(upstream, INSTANCE);
  });
  afterEach(async () => {
    await unfollow(upstream, follower, INSTANCE);
  });

  it("copies a table and follows inserts, updates, key updates and deletes", async () => {
    await upstream.run(
      "CREATE TABLE t.a (id int PRIMARY KEY, name text, big text)",
      "INSERT INTO t.a SELECT g, 'n' || g, repeat('x', 10) FROM generate_series(1, 1000) g",
    );
    await add("t.a");
    await expectEqual("t.a");
    await upstream.run(
      "INSERT INTO t.a VALUES (2000, NULL, ''), (2001, 'ä€', NULL)",
      "UPDATE t.a SET name = 'changed' WHERE id % 10 = 0",
      "UPDATE t.a SET id = id + 10000 WHERE id % 7 = 0",
      "DELETE FROM t.a WHERE id % 3 = 0",
    );
    await expectEqual("t.a");
    await upstream.run("TRUNCATE t.a", "INSERT INTO t.a VALUES (1, 'after', 'truncate')");
    await expectEqual("t.a");
  });
});
