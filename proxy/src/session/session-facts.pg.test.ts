import { parseLsn } from "@freshet/values";
import { encodeParse, encodeSync } from "@freshet/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ProxiedPostgres, startProxiedPostgres } from "./testing/proxied-postgres.ts";
import { RawClient, errorOf, types } from "./testing/raw-client.ts";
import { CACHED, createCachedRows, query, rowsOf, run } from "./testing/statements.ts";

let proxied: ProxiedPostgres;
let client: RawClient;

beforeAll(async () => {
  proxied = await startProxiedPostgres();
  await createCachedRows(proxied);
});
afterAll(() => proxied.stop());
beforeEach(async () => {
  proxied.front.seenFacts = null;
  proxied.front.misses = [];
  client = await RawClient.login(proxied.port, proxied.upstream);
  return () => client.close();
});

const isCached = async (): Promise<boolean> => rowsOf(await query(client, CACHED))[0] === "1,cached";
const lastMiss = (): string | undefined => proxied.front.misses.at(-1)?.reason;

describe("the session's facts", () => {
  it("are read on the upstream connection", async () => {
    expect(await isCached()).toBe(true);
    expect(proxied.front.seenFacts).toMatchObject({
      role: proxied.upstream.user,
      database: proxied.upstream.database,
      schemas: ["public"],
      hasTemporaryObjects: false,
      clientEncoding: "UTF8",
      deviatingSettings: [],
      consistency: "session",
      text: { extraFloatDigits: 1, byteaOutput: "hex", intervalStyle: "postgres" },
    });
    expect(proxied.front.seenWriteLsn).toBe(0n);
  });

  it("follow what the session sets", async () => {
    await isCached();
    await query(client, "SET search_path TO pg_temp, public");
    await query(client, "SET freshet.consistency TO 'strong'");
    await query(client, "SET transform_null_equals TO on");
    await query(client, "SET TimeZone TO 'Asia/Tokyo'");
    expect(await isCached()).toBe(true);
    expect(proxied.front.seenFacts).toMatchObject({
      consistency: "strong",
      deviatingSettings: ["transform_null_equals"],
      text: { timeZone: "Asia/Tokyo" },
    });
    expect(proxied.front.seenWriteLsn).toBe(0n);
    await query(client, "CREATE TEMP TABLE t (a int)");
    await isCached();
    expect(proxied.front.seenFacts?.hasTemporaryObjects).toBe(true);
    client.send(encodeParse("", CACHED), encodeSync());
    expect(types(await client.untilReady())).toBe("1Z");
  });

  it("hold a value of freshet.consistency that means nothing to be a deviation", async () => {
    await query(client, "SET freshet.consistency TO 'sometimes'");
    await isCached();
    expect(proxied.front.seenFacts?.deviatingSettings).toEqual(["freshet.consistency"]);
  });

  it("are not asked again between pure statements", async () => {
    await isCached();
    const seen = proxied.front.seenFacts;
    await query(client, "SELECT 1");
    await isCached();
    expect(proxied.front.seenFacts).toBe(seen);
  });
});

describe("a write of the session", () => {
  it("raises what its reads need applied", async () => {
    await isCached();
    const before = await query(client, "SELECT 'pure', pg_current_wal_insert_lsn()");
    await query(client, "UPDATE cached_rows SET n = n");
    expect(await isCached()).toBe(true);
    const position = parseLsn(rowsOf(before)[0]?.split(",")[1] ?? "") ?? 0n;
    expect(proxied.front.seenWriteLsn).toBeGreaterThan(position);
    const barrier = proxied.front.seenWriteLsn;
    await query(client, "SET application_name TO 'a'");
    await isCached();
    expect(proxied.front.seenWriteLsn).toBe(barrier);
  });
});

describe("a transaction block", () => {
  it("reads upstream until it ends", async () => {
    await isCached();
    await query(client, "BEGIN");
    expect(await isCached()).toBe(false);
    expect(lastMiss()).toBe("in_transaction");
    expect(errorOf(await query(client, "SELECT nothing FROM nowhere"))).toMatch(/^42P01/);
    expect(errorOf(await query(client, CACHED))).toMatch(/^25P02/);
    await query(client, "ROLLBACK");
    expect(await isCached()).toBe(true);
  });

  it("opened in a pipeline is seen before its answer comes", async () => {
    await isCached();
    client.send(run("BEGIN"), encodeSync(), run(CACHED), encodeSync(), run("COMMIT"), encodeSync());
    await client.untilReady();
    expect(rowsOf(await client.untilReady())).toEqual(["1,upstream", "2,upstream"]);
    await client.untilReady();
    expect(await isCached()).toBe(true);
  });
});

describe("a text that cannot be read as the server does", () => {
  it("goes upstream unrouted", async () => {
    const text = `${CACHED} -- é`;
    await query(client, "SET client_encoding TO 'LATIN1'");
    const before = proxied.front.misses.length;
    expect(rowsOf(await query(client, text))).toEqual(["1,upstream", "2,upstream"]);
    expect(proxied.front.misses.length).toBe(before);
    await query(client, "SET standard_conforming_strings TO off");
    expect(rowsOf(await query(client, String.raw`SELECT '\''`))).toEqual(["'"]);
  });
});
