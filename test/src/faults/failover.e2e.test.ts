import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { type Primary, STREAMER, caughtUp, startPrimary, startStandby } from "../harness/standby.ts";
import { untilReady } from "./replicating.ts";
import { TextClient, barrier, cachedRows, until, withText } from "./support.ts";

let primary: Primary;
let standby: Primary;
let freshet: FreshetProcess;

beforeAll(async () => {
  primary = await startPrimary();
  await withText(primary, (client) =>
    client.rows("CREATE TABLE items (id int PRIMARY KEY, v int); INSERT INTO items VALUES (1, 10), (2, 20)"),
  );
  standby = await startStandby(primary);
  const url = `postgres://postgres:postgres@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/postgres`;
  freshet = await FreshetProcess.start({ upstream: { ...primary, url }, instance: "failover" });
  await untilReady(freshet);
});

afterAll(async () => {
  await freshet.remove();
  await standby.stop();
  await primary.stop();
});

const TEXT = "SELECT id, v FROM items ORDER BY id";

test("when the primary moves, sessions and caches go on with the new one", async () => {
  await withText(freshet.connection, async (proxied) => {
    expect(await proxied.value("SELECT pg_is_in_recovery()")).toBe("f");
    await proxied.rows(`CREATE CACHE items FROM ${TEXT}`);
    await proxied.rows("UPDATE items SET v = v + 1");
    expect(await cachedRows(proxied, TEXT)).toEqual([
      ["1", "11"],
      ["2", "21"],
    ]);
  });
  const followed = await connect(standby);
  const left = await connect(primary);
  await caughtUp(left, followed);
  // A transaction that the standby never gets: the caches have it, and must lose it again.
  await left.query(`ALTER ROLE ${STREAMER} NOLOGIN`);
  await caughtUp(left, followed);
  await left.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_replication WHERE usename = '${STREAMER}'`);
  await until("the standby is cut off", async () => {
    const { rows } = await followed.query("SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'");
    return rows.length === 0 ? true : undefined;
  });
  await withText(freshet.connection, async (proxied) => {
    await proxied.rows("INSERT INTO items VALUES (4, 40)");
    expect(await cachedRows(proxied, TEXT)).toContainEqual(["4", "40"]);
  });
  await left.end();
  await primary.stop();
  await followed.query("SELECT pg_promote()");
  await followed.end();
  const writer = await until("the new primary takes a session", async () => {
    try {
      return await TextClient.connect(freshet.connection);
    } catch {
      return undefined;
    }
  });
  await writer.rows("INSERT INTO items VALUES (3, 30)");
  const upstream = await TextClient.connect(standby);
  await until("replication has begun anew", async () => {
    const [slot] = await upstream.rows("SELECT active FROM pg_replication_slots WHERE slot_name = 'failover'");
    return slot?.[0] === "t" ? true : undefined;
  });
  await untilReady(freshet);
  await barrier(upstream, writer);
  expect(await cachedRows(writer, TEXT)).toEqual(await upstream.rows(TEXT));
  await writer.rows("UPDATE items SET v = 0 WHERE id = 3");
  expect(await cachedRows(writer, TEXT)).toEqual([
    ["1", "11"],
    ["2", "21"],
    ["3", "0"],
  ]);
  await writer.end();
  await upstream.end();
});

async function connect(server: Primary): Promise<pg.Client> {
  const client = new pg.Client(server.url);
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
