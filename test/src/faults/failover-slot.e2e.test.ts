import { sleep } from "@freshet/base";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { type Primary, STREAMER, caughtUp, startPrimary, startStandby } from "../harness/standby.ts";
import { untilReady } from "./replicating.ts";
import { barrier, cachedRows, until, withText } from "./support.ts";

/** A standby that synchronises slots keeps Freshet's, and the caches go on after its promotion, where that is exact. */

const INSTANCE = "failover_slot";
const TEXT = "SELECT id, v FROM items ORDER BY id";
const SLOT = `SELECT synced, failover FROM pg_replication_slots WHERE slot_name = '${INSTANCE}' AND active`;

let primary: Primary;
let standby: Primary;
let freshet: FreshetProcess;
let left: pg.Client;
let followed: pg.Client;

beforeEach(async () => {
  primary = await startPrimary();
  left = await connect(primary);
  await left.query("CREATE TABLE items (id int PRIMARY KEY, v int); INSERT INTO items VALUES (1, 10), (2, 20)");
  await left.query("SELECT pg_create_physical_replication_slot('mirror')");
  standby = await startStandby(primary, {
    hot_standby_feedback: "on",
    primary_slot_name: "mirror",
    sync_replication_slots: "on",
  });
  followed = await connect(standby);
  const url = `postgres://postgres:postgres@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/postgres`;
  freshet = await FreshetProcess.start({ upstream: { ...primary, url }, instance: INSTANCE });
  await untilReady(freshet);
  await withText(freshet.connection, async (proxied) => {
    await proxied.rows(`CREATE CACHE items FROM ${TEXT}`);
    await proxied.rows(`CREATE CACHE written WITH (write_to = 'copies') FROM SELECT id, v * 2 AS twice FROM items`);
  });
  await until("the standby keeps the slot", async () => {
    await left.query("UPDATE items SET v = v + 1; SELECT pg_log_standby_snapshot()");
    await sleep(100);
    const { rows } = await followed.query(
      `SELECT FROM pg_replication_slots WHERE slot_name = '${INSTANCE}' AND synced AND NOT temporary`,
    );
    return rows.length === 1 ? true : undefined;
  });
});

afterEach(async () => {
  await freshet.remove();
  await followed.end();
  await left.end();
  await standby.stop();
  await primary.stop();
});

async function connect(server: Primary): Promise<pg.Client> {
  const client = new pg.Client(server.url);
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** The primary goes, and the standby is promoted. */
async function failOver(): Promise<void> {
  await primary.stop();
  await followed.query("SELECT pg_promote()");
}

async function untilStreaming(synced: boolean): Promise<void> {
  await until(`the stream runs from a slot that is ${synced ? "" : "not "}the old primary's`, async () => {
    const { rows } = await followed.query<Record<string, boolean>>(SLOT);
    return rows[0]?.["synced"] === synced && rows[0]["failover"] === true ? true : undefined;
  });
}

/** The caches are those of the new primary. */
async function agree(): Promise<void> {
  await untilReady(freshet);
  await withText(freshet.connection, async (writer) => {
    await withText(standby, async (upstream) => {
      await writer.rows("INSERT INTO items VALUES (3, 30) ON CONFLICT (id) DO UPDATE SET v = items.v + 1");
      await barrier(upstream, writer);
      expect(await cachedRows(writer, TEXT)).toEqual(await upstream.rows(TEXT));
      const expected = await upstream.rows("SELECT id, v * 2 FROM items ORDER BY id");
      await until("the written table follows", async () => {
        const rows = await upstream.rows("SELECT id, twice FROM copies ORDER BY id");
        return JSON.stringify(rows) === JSON.stringify(expected) ? true : undefined;
      });
    });
  });
}

test("the caches go on from the slot that the standby has kept, also after a restart", async () => {
  expect((await left.query(SLOT)).rows).toEqual([{ synced: false, failover: true }]);
  await caughtUp(left, followed);
  await failOver();
  await untilStreaming(true);
  await agree();
  expect(freshet.output).toContain("the stream goes on at the promoted server");
  expect(freshet.output).not.toContain("a new snapshot is needed");
  // The new timeline is remembered.
  await freshet.terminate();
  await followed.query("UPDATE items SET v = v - 1");
  await freshet.launch();
  await agree();
  expect((await followed.query(SLOT)).rows).toEqual([{ synced: true, failover: true }]);
  expect(freshet.output).not.toContain("discarded");
});

test("a Freshet that was down meanwhile goes on from it, too", async () => {
  await freshet.terminate();
  await left.query("UPDATE items SET v = v + 100");
  await caughtUp(left, followed);
  await failOver();
  await freshet.launch();
  await untilStreaming(true);
  await agree();
  expect(freshet.output).not.toContain("discarded");
});

test("what the standby never had is in no cache afterwards: they are built anew", async () => {
  await cutOff();
  await withText(freshet.connection, async (proxied) => {
    await proxied.rows("INSERT INTO items VALUES (4, 40)");
    expect(await cachedRows(proxied, TEXT)).toContainEqual(["4", "40"]);
  });
  await failOver();
  await untilStreaming(false);
  await agree();
  expect(freshet.output).toMatch(/timeline 1 was left at .*, the state has what came up to/);
});

test("where the primary waits for the standby, caches never have what the standby lacks, and always go on", async () => {
  await left.query("ALTER SYSTEM SET synchronized_standby_slots = 'mirror'");
  await left.query("SELECT pg_reload_conf()");
  await left.query("UPDATE items SET v = v + 1");
  await withText(freshet.connection, (proxied) => withText(primary, (upstream) => barrier(upstream, proxied)));
  await cutOff();
  await withText(freshet.connection, async (proxied) => {
    await proxied.rows("INSERT INTO items VALUES (4, 40)");
    // The session's own write does not come by the stream: what it reads comes from the primary.
    expect(await proxied.rows("SELECT v FROM items WHERE id = 4")).toEqual([["40"]]);
    await proxied.rows("SET freshet.consistency = 'eventual'");
    expect(await cachedRows(proxied, TEXT)).not.toContainEqual(["4", "40"]);
  });
  await failOver();
  await untilStreaming(true);
  await agree();
  expect(freshet.output).not.toContain("a new snapshot is needed");
});

async function cutOff(): Promise<void> {
  await caughtUp(left, followed);
  await left.query(`ALTER ROLE ${STREAMER} NOLOGIN`);
  await caughtUp(left, followed);
  await left.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_replication WHERE usename = '${STREAMER}'`);
  await until("the standby is cut off", async () => {
    const { rows } = await followed.query("SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'");
    return rows.length === 0 ? true : undefined;
  });
}
