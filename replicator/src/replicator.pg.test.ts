import { errorMessage } from "@freshet/base";
import { readChanges } from "@freshet/contract";
import type { Change, Commit } from "@freshet/contract";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TableModel } from "./testing/table-model.ts";
import type { Follower } from "./testing/upstream-fixture.ts";
import { caughtUp, differences, follow, unfollow, until, Upstream } from "./testing/upstream-fixture.ts";

const INSTANCE = "stream_test";
const ignoreProgress = (): void => undefined;
let upstream: Upstream;
let follower: Follower;

beforeAll(async () => {
  upstream = await Upstream.start();
});
afterAll(() => upstream.stop());
beforeEach(async () => {
  await upstream.run("DROP SCHEMA IF EXISTS t CASCADE", "CREATE SCHEMA t");
  follower = await follow(upstream, INSTANCE, { setReplicaIdentity: true, partBytes: 1 << 16 });
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

function changes(): Change[] {
  return follower.model.events.flatMap((event) => {
    if (event.kind === "commit") return event.commit.changes.flatMap((chunk) => [...readChanges(chunk)]);
    return event.kind === "part" ? event.changes.flatMap((chunk) => [...readChanges(chunk)]) : [];
  });
}

describe("the stream", () => {
  it("follows inserts, updates, key updates, deletes and truncates", async () => {
    await upstream.run(
      "CREATE TABLE t.a (id int PRIMARY KEY, name text, n numeric)",
      "INSERT INTO t.a SELECT g, 'n' || g, g / 3.0 FROM generate_series(1, 1000) g",
    );
    await add("t.a");
    expect(await differing("t.a")).toEqual([]);
    await upstream.run(
      "INSERT INTO t.a VALUES (2000, NULL, 'NaN'), (2001, 'ä€', NULL)",
      "UPDATE t.a SET name = 'changed' WHERE id % 10 = 0",
      "UPDATE t.a SET id = id + 10000 WHERE id % 7 = 0",
      "DELETE FROM t.a WHERE id % 3 = 0",
    );
    expect(await differing("t.a")).toEqual([]);
    await upstream.run("TRUNCATE t.a", "INSERT INTO t.a VALUES (1, 'after', 0)");
    expect(await differing("t.a")).toEqual([]);
  });

  it.each([
    ["the primary key", "PRIMARY KEY (b, a)", ""],
    [
      "an index",
      "UNIQUE (a, b)",
      "ALTER TABLE t.i ALTER a SET NOT NULL, ALTER b SET NOT NULL, REPLICA IDENTITY USING INDEX i_a_b_key",
    ],
    ["the whole row", "CHECK (true)", "ALTER TABLE t.i REPLICA IDENTITY FULL"],
    ["nothing, so that it is set to the whole row", "CHECK (true)", "ALTER TABLE t.i REPLICA IDENTITY NOTHING"],
  ])("follows a table identified by %s", async (_what, constraint, alter) => {
    await upstream.run(`CREATE TABLE t.i (x text, a int, y text, b int, ${constraint})`);
    if (alter !== "") await upstream.run(alter);
    await upstream.run("INSERT INTO t.i SELECT 'x', g, NULL, g % 3 FROM generate_series(1, 30) g");
    await add("t.i");
    await upstream.run(
      "UPDATE t.i SET x = 'z' || a WHERE a < 10",
      "UPDATE t.i SET b = b + 5 WHERE a % 2 = 0",
      "DELETE FROM t.i WHERE a BETWEEN 5 AND 8",
      "INSERT INTO t.i VALUES ('p', 100, NULL, 1)",
    );
    expect(await differing("t.i")).toEqual([]);
  });

  it("tells which values of an update are unchanged TOASTed ones", async () => {
    const big = "(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 400) g)";
    await upstream.run(
      "CREATE TABLE t.keyed (id int PRIMARY KEY, n int, big text)",
      "CREATE TABLE t.whole (id int, n int, big text)",
      "ALTER TABLE t.whole REPLICA IDENTITY FULL",
      `INSERT INTO t.keyed SELECT g, 0, ${big} || g FROM generate_series(1, 5) g`,
      `INSERT INTO t.whole SELECT g, 0, ${big} || g FROM generate_series(1, 5) g`,
    );
    await add("t.keyed", "t.whole");
    await upstream.run("UPDATE t.keyed SET n = 1", "UPDATE t.whole SET n = 1", "UPDATE t.keyed SET id = id + 100");
    expect(await differing("t.keyed")).toEqual([]);
    expect(await differing("t.whole")).toEqual([]);
    const rows = changes().filter((change) => change.kind === "update");
    expect(rows).toHaveLength(15);
    expect(Math.max(...rows.map((change) => (change.kind === "update" ? change.row.length : 0)))).toBeLessThan(100);
  });

  it("gives one commit per transaction, without what was rolled back", async () => {
    await upstream.run("CREATE TABLE t.a (id int PRIMARY KEY)", "CREATE TABLE t.b (id int PRIMARY KEY)");
    await add("t.a", "t.b");
    const before = follower.model.events.length;
    await upstream.run(
      "BEGIN",
      "INSERT INTO t.a VALUES (1)",
      "SAVEPOINT s",
      "INSERT INTO t.b VALUES (1)",
      "ROLLBACK TO s",
      "INSERT INTO t.b VALUES (2)",
      "SAVEPOINT r",
      "INSERT INTO t.a VALUES (3)",
      "RELEASE r",
      "COMMIT",
      "BEGIN",
      "INSERT INTO t.a VALUES (9)",
      "ROLLBACK",
    );
    expect(await differing("t.a")).toEqual([]);
    expect(await differing("t.b")).toEqual([]);
    const commits = follower.model.events.slice(before).filter((event) => event.kind === "commit");
    expect(commits).toHaveLength(1);
    expect(changes().map((change) => change.kind)).toEqual(["insert", "insert", "insert"]);
  });

  it("hands a large transaction over in parts", async () => {
    await upstream.run("CREATE TABLE t.a (id int PRIMARY KEY, filler text)");
    await add("t.a");
    const before = follower.model.events.length;
    await upstream.run("INSERT INTO t.a SELECT g, repeat('x', 100) FROM generate_series(1, 5000) g");
    expect(await differing("t.a")).toEqual([]);
    const kinds = follower.model.events.slice(before).map((event) => event.kind);
    expect(kinds.filter((kind) => kind === "part").length).toBeGreaterThan(5);
    expect(kinds.filter((kind) => kind === "commit")).toHaveLength(1);
  });

  it("follows each partition and each child by itself, also when rows move between partitions", async () => {
    await upstream.run(
      "CREATE TABLE t.p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)",
      "CREATE TABLE t.p1 (v text, id int NOT NULL PRIMARY KEY)",
      "ALTER TABLE t.p ATTACH PARTITION t.p1 FOR VALUES FROM (0) TO (100)",
      "CREATE TABLE t.p2 PARTITION OF t.p FOR VALUES FROM (100) TO (200)",
      "INSERT INTO t.p SELECT g, 'v' || g FROM generate_series(50, 150) g",
      "CREATE TABLE t.parent (id int PRIMARY KEY)",
      "CREATE TABLE t.child (extra int) INHERITS (t.parent)",
      "INSERT INTO t.parent VALUES (1)",
      "INSERT INTO t.child VALUES (2, 2)",
    );
    await add("t.p1", "t.p2", "t.parent");
    await upstream.run(
      "UPDATE t.p SET id = 199 WHERE id = 99",
      "UPDATE t.p SET v = 'changed' WHERE id < 60",
      "DELETE FROM t.p WHERE id = 150 OR id = 51",
      "INSERT INTO t.child VALUES (3, 3)",
    );
    for (const leaf of ["t.p1", "t.p2"]) expect(await differing(leaf)).toEqual([]);
    await upstream.run("TRUNCATE t.p1", "INSERT INTO t.p VALUES (7, 'after')");
    for (const leaf of ["t.p1", "t.p2"]) expect(await differing(leaf)).toEqual([]);
    await upstream.run("ALTER TABLE t.p DETACH PARTITION t.p2", "INSERT INTO t.p2 VALUES (1000, 'detached')");
    for (const leaf of ["t.p1", "t.p2"]) expect(await differing(leaf)).toEqual([]);
    await upstream.run("DELETE FROM t.p2 WHERE id > 199", "ALTER TABLE t.p ATTACH PARTITION t.p2 DEFAULT");
    await upstream.run("BEGIN", "TRUNCATE t.p", "INSERT INTO t.p VALUES (1, 'low'), (180, 'high')", "COMMIT");
    for (const leaf of ["t.p1", "t.p2"]) expect(await differing(leaf)).toEqual([]);
    const parent = await upstream.oid("t.parent");
    expect(follower.model.contents(parent)).toEqual(["0000000400000001"]);
  });

  it("tells of a partition that is being detached while others still read the table", async () => {
    await upstream.run(
      "CREATE TABLE t.d (id int PRIMARY KEY) PARTITION BY RANGE (id)",
      "CREATE TABLE t.d1 PARTITION OF t.d FOR VALUES FROM (0) TO (10)",
    );
    const oid = await upstream.oid("t.d1");
    const detaching = async (): Promise<boolean> =>
      (await follower.source.describeTables([oid])).get(oid)?.detaching === true;
    expect(await detaching()).toBe(false);
    const [reader, owner] = [1, 2].map(() => new Client({ connectionString: upstream.server.url }));
    await Promise.all([reader?.connect(), owner?.connect()]);
    await reader?.query("BEGIN");
    await reader?.query("SELECT FROM t.d");
    const detached = owner?.query("ALTER TABLE t.d DETACH PARTITION t.d1 CONCURRENTLY");
    await until(detaching, "the partition is marked");
    await reader?.query("COMMIT");
    await detached;
    expect(await detaching()).toBe(false);
    await Promise.all([reader?.end(), owner?.end()]);
  });

  it("adds a table of many partitions without as many connections", async () => {
    await upstream.run("CREATE TABLE t.many (id int PRIMARY KEY, v text) PARTITION BY HASH (id)");
    const leaves = Array.from({ length: 150 }, (_, index) => `t.many_${index}`);
    await upstream.run(
      ...leaves.map(
        (leaf, index) => `CREATE TABLE ${leaf} PARTITION OF t.many FOR VALUES WITH (MODULUS 150, REMAINDER ${index})`,
      ),
      "INSERT INTO t.many SELECT g, 'v' || g FROM generate_series(1, 2000) g",
    );
    await add(...leaves);
    await upstream.run("UPDATE t.many SET id = id + 5000 WHERE id % 3 = 0", "DELETE FROM t.many WHERE id % 7 = 0");
    for (const leaf of leaves.filter((_, index) => index % 10 === 0)) expect(await differing(leaf)).toEqual([]);
  });

  it("follows tables with generated columns that are identified by the whole row, and lets them be changed", async () => {
    await upstream.run(
      "CREATE TABLE t.h (id int, twice int GENERATED ALWAYS AS (id * 2) STORED, v text)",
      "ALTER TABLE t.h REPLICA IDENTITY FULL",
      "INSERT INTO t.h (id, v) VALUES (1, 'one'), (2, 'two'), (3, 'three')",
    );
    await add("t.h");
    await upstream.run("UPDATE t.h SET v = 'uno' WHERE id = 1", "DELETE FROM t.h WHERE id = 2");
    expect(await differing("t.h")).toEqual([]);
  });

  it("refuses a table that could not be changed any more for its virtual columns, and keeps its changes possible", async () => {
    const isVirtual =
      (await upstream.value<number>("SELECT current_setting('server_version_num')::int AS v")) >= 180000;
    await upstream.run(
      `CREATE TABLE t.v (id int, twice int GENERATED ALWAYS AS (id * 2) ${isVirtual ? "VIRTUAL" : "STORED"})`,
      "INSERT INTO t.v (id) VALUES (1), (2)",
    );
    const refusal = async (): Promise<string | null> => add("t.v").then(() => null, errorMessage);
    const refused = isVirtual ? expect.stringContaining("virtual generated columns") : null;
    expect(await refusal()).toEqual(refused);
    await upstream.run("UPDATE t.v SET id = 3 WHERE id = 1", "DELETE FROM t.v WHERE id = 2");
    await upstream.run("ALTER TABLE t.v REPLICA IDENTITY FULL");
    expect(await refusal()).toEqual(refused);
    await upstream.run("UPDATE t.v SET id = 4", "ALTER TABLE t.v ADD PRIMARY KEY (id), REPLICA IDENTITY DEFAULT");
    await add("t.v");
    await upstream.run("UPDATE t.v SET id = 5");
    expect(await differing("t.v")).toEqual([]);
  });

  it("leaves generated columns and types without a binary form out", async () => {
    await upstream.run(
      "CREATE TABLE t.g (id int PRIMARY KEY, acl aclitem, twice int GENERATED ALWAYS AS (id * 2) STORED, gone int, v text)",
      "ALTER TABLE t.g DROP COLUMN gone",
      "INSERT INTO t.g (id, acl, v) VALUES (1, 'postgres=r/postgres', 'one')",
    );
    await add("t.g");
    await upstream.run(
      "INSERT INTO t.g (id, acl, v) VALUES (2, 'postgres=r/postgres', 'two')",
      "UPDATE t.g SET v = 'uno' WHERE id = 1",
    );
    expect(await differing("t.g")).toEqual([]);
    const schema = follower.model.tables.get(await upstream.oid("t.g"))?.schema;
    expect(schema?.columns.map((column) => [column.name, column.attribute])).toEqual([
      ["id", 1],
      ["v", 5],
    ]);
  });

  it("tells when a table's shape changed, and follows it again once it is added again", async () => {
    await upstream.run("CREATE TABLE t.a (id int PRIMARY KEY)", "INSERT INTO t.a VALUES (1)");
    await add("t.a");
    const oid = await upstream.oid("t.a");
    await upstream.run(
      "ALTER TABLE t.a ADD COLUMN v text",
      "INSERT INTO t.a VALUES (2, 'two')",
      "INSERT INTO t.a VALUES (3)",
    );
    await caughtUp(upstream, follower.model);
    expect(changes()).toEqual([{ kind: "schema", tableOid: oid }]);
    expect(follower.model.events.some((event) => event.kind === "commit" && event.commit.schemaChanged)).toBe(true);
    await add("t.a");
    await upstream.run("INSERT INTO t.a VALUES (4, 'four')");
    expect(await differing("t.a")).toEqual([]);
  });

  it("adds a table whose old shape is still to come in the stream", async () => {
    await upstream.run("CREATE TABLE t.a (id int PRIMARY KEY)", "CREATE TABLE t.b (id int PRIMARY KEY)");
    await add("t.a", "t.b");
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    follower.model.beforeAccept = () => gate;
    await upstream.run(
      "INSERT INTO t.a VALUES (1)",
      "ALTER TABLE t.a ADD COLUMN v text DEFAULT 'd'",
      "INSERT INTO t.a VALUES (2, 'x')",
    );
    const adding = add("t.a");
    await upstream.run("INSERT INTO t.a VALUES (3)");
    open();
    await adding;
    await upstream.run("INSERT INTO t.a VALUES (4)");
    expect(await differing("t.a")).toEqual([]);
  });

  it("passes over tables that were removed", async () => {
    await upstream.run("CREATE TABLE t.a (id int PRIMARY KEY)", "CREATE TABLE t.b (id int PRIMARY KEY)");
    await add("t.a", "t.b");
    await follower.source.removeTables([await upstream.oid("t.a")]);
    await upstream.run("INSERT INTO t.a VALUES (1)", "INSERT INTO t.b VALUES (1)");
    expect(await differing("t.b")).toEqual([]);
    expect(changes().map((change) => change.tableOid)).toEqual([await upstream.oid("t.b")]);
    const members = "SELECT count(*)::int AS v FROM pg_publication_tables WHERE pubname = 'stream_test_pub'";
    expect(await upstream.value(members)).toBe(1);
  });

  it("tells which relations a schema change was about, where it was about relations alone", async () => {
    await upstream.run(
      "CREATE TABLE t.up (id int PRIMARY KEY) PARTITION BY RANGE (id)",
      "CREATE TABLE t.down PARTITION OF t.up FOR VALUES FROM (0) TO (10)",
      "CREATE TABLE t.a (id int PRIMARY KEY)",
    );
    await add("t.a");
    const [up, down] = [await upstream.oid("t.up"), await upstream.oid("t.down")];
    const scopeOf = async (...statements: string[]): Promise<unknown> => {
      const before = follower.model.events.length;
      await upstream.run(...statements, "INSERT INTO t.a SELECT coalesce(max(id), 0) + 1 FROM t.a");
      await caughtUp(upstream, follower.model);
      const commits = follower.model.events
        .slice(before)
        .flatMap((event) => (event.kind === "commit" ? [event.commit] : []));
      return commits.filter((commit) => commit.schemaChanged).map(({ schemaScope = null }) => schemaScope);
    };
    const byOid = (...oids: number[]): unknown =>
      expect.toSatisfy((found: number[]) => oids.every((oid) => found.includes(oid)));
    expect(await scopeOf("CREATE TABLE t.new (id serial PRIMARY KEY, v text)")).toEqual([
      { relations: expect.any(Array), names: expect.arrayContaining(["new", "new_id_seq", "new_pkey"]) },
    ]);
    const created = await upstream.oid("t.new");
    expect(await scopeOf("ALTER TABLE t.new RENAME TO newer")).toEqual([{ relations: [created], names: ["newer"] }]);
    expect(await scopeOf("ALTER TABLE t.newer DROP COLUMN v")).toEqual([
      { relations: byOid(created), names: expect.arrayContaining(["newer"]) },
    ]);
    expect(await scopeOf("DROP TABLE t.newer")).toEqual([
      { relations: byOid(created), names: expect.arrayContaining(["newer"]) },
    ]);
    expect(await scopeOf("CREATE TABLE t.down2 PARTITION OF t.up FOR VALUES FROM (10) TO (20)")).toEqual([
      { relations: byOid(up, down), names: expect.arrayContaining(["down2"]) },
    ]);
    expect(await scopeOf("ALTER TABLE t.up ADD COLUMN v text")).toEqual([
      { relations: byOid(up, down), names: ["up"] },
    ]);
    for (const statement of [
      "CREATE TYPE t.mood AS ENUM ('sad')",
      "GRANT SELECT ON t.up TO PUBLIC",
      "DROP TYPE t.mood",
    ]) {
      expect([statement, await scopeOf(statement)]).toEqual([statement, [null]]);
    }
  });

  it("announces schema changes of the application, and only those that matter", async () => {
    await upstream.run("CREATE TABLE t.a (id int PRIMARY KEY, v text)");
    await add("t.a");
    const announced = (): number =>
      follower.model.events.filter((event) => event.kind === "commit" && event.commit.schemaChanged).length;
    await caughtUp(upstream, follower.model);
    const before = announced();
    await upstream.run(
      "CREATE INDEX ON t.a (v)",
      "CREATE TEMP TABLE scratch (id int)",
      "DROP TABLE scratch",
      "COMMENT ON TABLE t.a IS 'x'",
    );
    await caughtUp(upstream, follower.model);
    expect(announced()).toBe(before);
    await upstream.run("CREATE VIEW t.w AS SELECT * FROM t.a", "DROP VIEW t.w", "GRANT SELECT ON t.a TO PUBLIC");
    await caughtUp(upstream, follower.model);
    expect(announced()).toBe(before + 3);
  });
});

describe("positions", () => {
  it("confirms exactly the acknowledged position, and resumes right after it", async () => {
    await upstream.run("CREATE TABLE t.a (id int PRIMARY KEY)");
    await add("t.a");
    await upstream.run("INSERT INTO t.a VALUES (1)");
    await caughtUp(upstream, follower.model);
    const commit = follower.model.events.findLast((event) => event.kind === "commit");
    if (commit?.kind !== "commit") throw new Error("no commit came");
    const { endLsn } = commit.commit;
    follower.source.acknowledge(endLsn);
    await until(async () => (await upstream.confirmed(INSTANCE)) >= endLsn, "the position is confirmed");
    expect(await upstream.confirmed(INSTANCE)).toBe(endLsn);
    expect(follower.source.status().acknowledgedLsn).toBe(endLsn);
    follower.source.acknowledge(endLsn - 1n);
    expect(follower.source.status().acknowledgedLsn).toBe(endLsn);
    expect(() => follower.source.acknowledge(endLsn + (1n << 40n))).toThrow(/handed over/);
  });

  it("loses no transaction whose commit record starts right at the acknowledged position", async () => {
    await upstream.run("CREATE TABLE t.a (id int PRIMARY KEY)");
    await add("t.a");
    const other = new Client({ connectionString: upstream.server.url });
    await other.connect();
    const commits = (): Commit[] =>
      follower.model.events.flatMap((event) => (event.kind === "commit" ? [event.commit] : []));
    const pair = async (id: number): Promise<readonly [Commit, Commit]> => {
      await upstream.run("BEGIN", `INSERT INTO t.a VALUES (${id})`);
      await other.query(`BEGIN; INSERT INTO t.a VALUES (${id + 1})`);
      await Promise.all([upstream.run("COMMIT"), other.query("COMMIT")]);
      await caughtUp(upstream, follower.model);
      const [first, second] = commits().slice(-2);
      if (first === undefined || second === undefined) throw new Error("two commits");
      return [first, second];
    };
    let id = 1;
    let [first, second] = await pair(id);
    // Something else may have been logged in between.
    while (second.commitLsn !== first.endLsn && id < 1000) [first, second] = await pair((id += 2));
    await other.end();
    expect(second.commitLsn).toBe(first.endLsn);
    follower.source.acknowledge(first.endLsn);
    await until(async () => (await upstream.confirmed(INSTANCE)) === first.endLsn, "the position is confirmed");
    await follower.source.stop();
    const schemas = [...follower.model.tables.values()].map((table) => table.schema);
    const model = new TableModel();
    for (const schema of schemas) await model.begin(schema, 0n);
    const started = await follower.source.start({ ...follower.origin, lsn: first.endLsn }, schemas, model);
    expect(started.reset).toBe(false);
    await caughtUp(upstream, model);
    const again = model.events.flatMap((event) => (event.kind === "commit" ? [event.commit.commitLsn] : []));
    expect(again).toEqual([second.commitLsn]);
  });

  it("advances on an idle database", async () => {
    follower.model.beforeAccept = (event) => {
      if (event.kind === "progress") queueMicrotask(() => follower.source.acknowledge(event.lsn));
      return Promise.resolve();
    };
    // Nothing here is of interest: the table is not published.
    await upstream.run("CREATE TABLE t.noise AS SELECT generate_series(1, 1000) AS g", "INSERT INTO t.noise SELECT 1");
    const lsn = await upstream.lsn("SELECT pg_switch_wal()::text AS v");
    await until(async () => (await upstream.confirmed(INSTANCE)) >= lsn, "the idle slot advances");
    expect(follower.model.appliedLsn).toBeGreaterThanOrEqual(lsn);
    expect(follower.source.status().state).toBe("streaming");
  });
});
