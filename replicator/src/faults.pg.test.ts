import { must, sleep } from "@freshet/base";
import type { StreamEvent } from "@freshet/contract";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createReplicator } from "./replicator.ts";
import { TableModel } from "./testing/table-model.ts";
import type { Follower } from "./testing/upstream-fixture.ts";
import { caughtUp, differences, follow, optionsFor, unfollow, until, Upstream } from "./testing/upstream-fixture.ts";
import { uninstall } from "./uninstall.ts";

const INSTANCE = "fault_test";
const ignoreProgress = (): void => undefined;
const killWalsender = `SELECT count(pg_terminate_backend(active_pid))::int AS v FROM pg_replication_slots WHERE slot_name = '${INSTANCE}'`;
let upstream: Upstream;
let follower: Follower;

beforeAll(async () => {
  upstream = await Upstream.start({ wal_sender_timeout: "1s" });
});
afterAll(() => upstream.stop());
beforeEach(async () => {
  await upstream.run(
    "DROP SCHEMA IF EXISTS f CASCADE",
    "CREATE SCHEMA f",
    "CREATE TABLE f.a (id int PRIMARY KEY, v text)",
  );
  follower = await follow(upstream, INSTANCE, { partBytes: 1 << 15, queueBytes: 1 << 17 });
  await follower.source.addTables([await upstream.oid("f.a")], follower.model, ignoreProgress);
});
afterEach(async () => {
  await unfollow(upstream, follower, INSTANCE);
});

const differing = (table: string): Promise<readonly string[]> => differences(upstream, follower.model, table);
const streaming = (): Promise<void> =>
  until(() => follower.source.status().state === "streaming", "the stream is back");

describe("a lost connection", () => {
  it("is made again, and the stream goes on where it stopped", async () => {
    const states: string[] = [];
    follower.source.onStatus((status) => states.push(status.state));
    await streaming();
    for (let round = 0; round < 5; round++) {
      await upstream.run(`INSERT INTO f.a SELECT g, 'v' FROM generate_series(${round * 100}, ${round * 100 + 99}) g`);
      expect(await upstream.value(killWalsender)).toBeGreaterThanOrEqual(0);
      await upstream.run(`UPDATE f.a SET v = 'round ${round}' WHERE id % 2 = 0`);
      expect(await differing("f.a")).toEqual([]);
    }
    await streaming();
    expect(states).toContain("reconnecting");
    expect(states.at(-1)).toBe("streaming");
    expect(follower.source.status().lastError).toBeNull();
  });

  it("voids the parts of a transaction that it cut", async () => {
    let killed = false;
    follower.model.beforeAccept = async (event: StreamEvent) => {
      if (event.kind !== "part" || killed) return;
      killed = true;
      await upstream.value(killWalsender);
      await sleep(200);
    };
    await upstream.run("INSERT INTO f.a SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g");
    expect(await differing("f.a")).toEqual([]);
    const kinds = follower.model.events.map((event) => event.kind);
    expect(kinds).toContain("abort");
    expect(kinds.indexOf("abort")).toBeGreaterThan(kinds.indexOf("part"));
  });

  it("is made again when the sink fails", async () => {
    let failures = 0;
    follower.model.beforeAccept = (event) => {
      if (event.kind !== "commit" || failures === 2) return Promise.resolve();
      failures++;
      return Promise.reject(new Error("disk full"));
    };
    await upstream.run("INSERT INTO f.a VALUES (1, 'v')");
    expect(await differing("f.a")).toEqual([]);
    expect(failures).toBe(2);
  });
});

describe("back-pressure", () => {
  it("keeps the connection while the sink is slower than wal_sender_timeout", async () => {
    const states: string[] = [];
    await streaming();
    follower.source.onStatus((status) => states.push(status.state));
    let slow = true;
    follower.model.beforeAccept = async (event) => {
      if (event.kind === "part" && slow) {
        slow = false;
        await sleep(3_000);
      }
    };
    await upstream.run("INSERT INTO f.a SELECT g, repeat('x', 100) FROM generate_series(1, 30000) g");
    expect(await differing("f.a")).toEqual([]);
    expect(slow).toBe(false);
    expect(states).toEqual([]);
  });
});

describe("resuming", () => {
  it("goes on at the stored position with the stored tables", async () => {
    await upstream.run("INSERT INTO f.a VALUES (1, 'one')");
    await caughtUp(upstream, follower.model);
    const { model, origin } = follower;
    await follower.source.stop();
    await upstream.run("INSERT INTO f.a VALUES (2, 'two')", "UPDATE f.a SET v = 'uno' WHERE id = 1");
    const schemas = [...model.tables.values()].map((table) => table.schema);
    const started = await follower.source.start({ ...origin, lsn: model.appliedLsn }, schemas, model);
    expect(started).toEqual({ origin: { ...origin, lsn: model.appliedLsn }, reset: false });
    expect(await differing("f.a")).toEqual([]);
  });

  it.each([
    ["the slot is gone", `SELECT pg_drop_replication_slot('${INSTANCE}')`],
    ["a table was unpublished", `ALTER PUBLICATION ${INSTANCE}_pub DROP TABLE f.a`],
    ["the slot has moved on", `SELECT pg_replication_slot_advance('${INSTANCE}', pg_current_wal_lsn())`],
  ])("asks for a reset when %s", async (_what, statement) => {
    await caughtUp(upstream, follower.model);
    await follower.source.stop();
    await upstream.run("INSERT INTO f.a VALUES (50, 'unseen')", "CHECKPOINT", statement);
    const schemas = [...follower.model.tables.values()].map((table) => table.schema);
    const origin = { ...follower.origin, lsn: follower.model.appliedLsn };
    const model = new TableModel();
    const started = await follower.source.start(origin, schemas, model);
    expect(started.reset).toBe(true);
    expect(started.origin.lsn).toBeGreaterThan(origin.lsn);
    await follower.source.addTables([await upstream.oid("f.a")], model, ignoreProgress);
    follower = { ...follower, model };
    await upstream.run("INSERT INTO f.a VALUES (51, 'seen')");
    expect(await differing("f.a")).toEqual([]);
  });

  it("asks for a reset when the state is of another system or timeline", async () => {
    await follower.source.stop();
    const other = { ...follower.origin, systemIdentifier: "1" };
    expect((await follower.source.start(other, [], follower.model)).reset).toBe(true);
    await follower.source.stop();
    const older = { ...follower.origin, timeline: follower.origin.timeline + 1 };
    expect((await follower.source.start(older, [], new TableModel())).reset).toBe(true);
  });

  it("notices a slot that is lost in mid-life, and starts anew", async () => {
    await follower.source.stop();
    const source = createReplicator({
      ...optionsFor(upstream.server.url, INSTANCE),
      reconnect: { minMs: 400, maxMs: 500 },
    });
    await source.start(null, [], new TableModel());
    follower = { ...follower, source };
    await streaming();
    await upstream.value(killWalsender);
    await until(async () => {
      const gone = await upstream.client.query(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active",
        [INSTANCE],
      );
      return gone.rowCount === 1;
    }, "the slot is dropped");
    await until(() => source.status().state === "slot-lost", "the loss is noticed");
    expect(source.status().lastError).toMatch(/is gone/);
    await expect(source.addTables([1], follower.model, ignoreProgress)).rejects.toMatchObject({ code: "57P03" });
    await source.stop();
    expect((await source.start(null, [], new TableModel())).reset).toBe(false);
  });
});

describe("refusals", () => {
  it("refuses a second Freshet on the same slot", async () => {
    await streaming();
    const second = createReplicator({ ...optionsFor(upstream.server.url, INSTANCE), slotWaitMs: 200 });
    await expect(second.start(null, [], new TableModel())).rejects.toMatchObject({ code: "55006" });
    expect(second.status().state).toBe("stopped");
  });

  it("refuses tables that cannot be followed, with the statement that helps", async () => {
    await upstream.run(
      "CREATE TABLE f.bare (id int)",
      "CREATE VIEW f.view AS SELECT 1 AS one",
      "CREATE UNLOGGED TABLE f.unlogged (id int PRIMARY KEY)",
      "CREATE TABLE f.root (id int PRIMARY KEY) PARTITION BY RANGE (id)",
      "CREATE TABLE f.leaf PARTITION OF f.root DEFAULT",
    );
    const add = async (table: string): Promise<void> =>
      follower.source.addTables([await upstream.oid(table)], follower.model, ignoreProgress);
    await expect(add("f.bare")).rejects.toMatchObject({
      code: "55000",
      hint: expect.stringContaining('ALTER TABLE "f"."bare" REPLICA IDENTITY FULL;') as string,
    });
    for (const table of ["f.view", "f.unlogged", "f.root"])
      await expect(add(table)).rejects.toMatchObject({ code: "0A000" });
    await expect(follower.source.addTables([1], follower.model, ignoreProgress)).rejects.toMatchObject({
      code: "42P01",
    });
    await upstream.run("INSERT INTO f.bare VALUES (1)", "UPDATE f.bare SET id = 2");
    expect(await upstream.value("SELECT relreplident AS v FROM pg_class WHERE oid = 'f.bare'::regclass")).toBe("d");
  });

  it("describes tables that exist", async () => {
    const oid = await upstream.oid("f.a");
    const found = await follower.source.describeTables([oid, 1]);
    expect([...found.keys()]).toEqual([oid]);
    expect(must(found.get(oid))).toMatchObject({ schema: "f", name: "a", identity: { kind: "key", columns: [0] } });
  });

  it("refuses a role without REPLICATION, and follows as one that has it but owns only its table", async () => {
    const url = new URL(upstream.server.url);
    url.username = "freshet_limited";
    url.password = "secret";
    const limited = createReplicator(optionsFor(url.href, "limited"));
    await upstream.run("DROP OWNED BY freshet_limited").catch(() => undefined);
    await upstream.run("DROP ROLE IF EXISTS freshet_limited", "CREATE ROLE freshet_limited LOGIN PASSWORD 'secret'");
    await expect(limited.start(null, [], new TableModel())).rejects.toMatchObject({
      code: "42501",
      hint: expect.stringContaining("REPLICATION") as string,
    });
    await upstream.run("ALTER ROLE freshet_limited REPLICATION");
    await expect(limited.start(null, [], new TableModel())).rejects.toMatchObject({
      code: "42501",
      hint: expect.stringContaining("CREATE PUBLICATION") as string,
    });
    await upstream
      .run(
        "CREATE PUBLICATION limited_pub WITH (publish_via_partition_root = true)",
        "ALTER PUBLICATION limited_pub OWNER TO freshet_limited",
      )
      .catch(async () => {
        await upstream.run(
          `GRANT CREATE ON DATABASE ${url.pathname.slice(1)} TO freshet_limited`,
          "ALTER PUBLICATION limited_pub OWNER TO freshet_limited",
        );
      });
    const model = new TableModel();
    await limited.start(null, [], model);
    await upstream.run("GRANT USAGE ON SCHEMA f TO freshet_limited", "CREATE TABLE f.own (id int PRIMARY KEY)");
    const own = await upstream.oid("f.own");
    await expect(limited.addTables([own], model, ignoreProgress)).rejects.toMatchObject({
      code: "42501",
      hint: expect.stringContaining('ALTER PUBLICATION "limited_pub" ADD TABLE ONLY "f"."own"') as string,
    });
    await upstream.run("ALTER TABLE f.own OWNER TO freshet_limited");
    await limited.addTables([own], model, ignoreProgress);
    await upstream.run("INSERT INTO f.own VALUES (1)");
    expect(await differences(upstream, model, "f.own")).toEqual([]);
    await limited.stop();
    expect(await uninstall(upstream.server.url, "limited")).toContain("publication limited_pub");
    await upstream.run("DROP OWNED BY freshet_limited", "DROP ROLE freshet_limited");
  });
});

describe("starting", () => {
  it("waits for an upstream that is down", async () => {
    const url = new URL(upstream.server.url);
    url.port = "1";
    const waiting = createReplicator(optionsFor(url.href, "waiting"));
    const started = waiting.start(null, [], new TableModel());
    await until(() => waiting.status().state === "reconnecting", "the attempt has failed");
    await waiting.stop();
    await expect(started).rejects.toMatchObject({ code: "57P01" });
    expect(waiting.status().state).toBe("stopped");
  });

  it("refuses an upstream whose wal_level is not logical", async () => {
    // A data directory of its own makes it a server of its own, whatever the other tests run on.
    const folder = await mkdtemp(join(tmpdir(), "freshet-replica-"));
    await chmod(folder, 0o755);
    const plain = await Upstream.start({ wal_level: "replica" }, { dataDir: join(folder, "data") });
    try {
      const source = createReplicator(optionsFor(plain.server.url, "plain"));
      await expect(source.start(null, [], new TableModel())).rejects.toMatchObject({
        code: "55000",
        hint: expect.stringContaining("ALTER SYSTEM SET wal_level = logical") as string,
      });
    } finally {
      await plain.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("leaves nothing behind after uninstall", async () => {
    const removed = await unfollow(upstream, follower, INSTANCE);
    expect(removed).toEqual([
      `replication slot ${INSTANCE}`,
      `publication ${INSTANCE}_pub`,
      `event trigger ${INSTANCE}_ddl_end`,
      `event trigger ${INSTANCE}_sql_drop`,
      "schema freshet",
    ]);
    expect(await uninstall(upstream.server.url, INSTANCE)).toEqual([]);
    const client = new Client({ connectionString: upstream.server.url });
    await client.connect();
    await client.query("CREATE TABLE f.after (id int)");
    await client.end();
    follower = await follow(upstream, INSTANCE);
  });
});
