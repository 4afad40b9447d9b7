import {
  decodeBackendKeyData,
  decodeErrorFields,
  encodeBind,
  encodeCancelRequest,
  encodeQuery,
  encodeDescribe,
  encodeExecute,
  encodeParse,
  encodeSync,
} from "@freshet/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ProxiedPostgres, startProxiedPostgres } from "./testing/proxied-postgres.ts";
import { RawClient, errorOf, startup, types } from "./testing/raw-client.ts";
import { CACHED, createCachedRows, query, rowsOf, run } from "./testing/statements.ts";

let proxied: ProxiedPostgres;
let client: RawClient;

beforeAll(async () => {
  proxied = await startProxiedPostgres();
  await createCachedRows(proxied);
});
afterAll(() => proxied.stop());
beforeEach(async () => {
  client = await RawClient.login(proxied.port, proxied.upstream);
  return () => client.close();
});

const lastStatement = async (): Promise<string | undefined> => rowsOf(await query(client, "EXPLAIN LAST STATEMENT"))[0];

describe("a command in the simple protocol", () => {
  it("answers with notices and rows", async () => {
    const messages = await query(client, "SHOW CACHES");
    expect(types(messages)).toBe("NTDDDCZ");
    expect(rowsOf(messages)).toEqual(["one", "two", proxied.upstream.user]);
  });

  it("fails with all fields, and the connection lives on", async () => {
    const messages = await query(client, "DROP CACHE nope");
    expect(types(messages)).toBe("EZ");
    const error = messages[0]?.bytes ?? Buffer.alloc(0);
    expect(Object.fromEntries(decodeErrorFields(error, 0, error.length))).toEqual({
      S: "ERROR",
      V: "ERROR",
      C: "42704",
      M: 'cache "nope" does not exist',
      D: "d",
      H: "h",
    });
    expect(errorOf(await query(client, "CREATE CACHE nonsense"))).toBe('42601 syntax error at or near "nonsense"');
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
  });

  it("leaves a transaction block as it is", async () => {
    await query(client, "BEGIN");
    await query(client, "CREATE TABLE in_block (a int)");
    expect(types(await query(client, "SHOW CACHES"))).toBe("NTDDDCZ");
    const failed = await query(client, "DROP CACHE nope");
    expect(failed.at(-1)?.bytes.toString("latin1", 5)).toBe("T");
    await query(client, "SELECT * FROM nowhere");
    expect((await query(client, "SHOW CACHES")).at(-1)?.bytes.toString("latin1", 5)).toBe("E");
    await query(client, "ROLLBACK");
  });
});

describe("a command in the extended protocol", () => {
  it("is prepared, described and run with a row limit", async () => {
    client.send(
      encodeParse("c", "SHOW CACHES"),
      encodeDescribe("statement", "c"),
      encodeBind({ statement: "c", resultFormats: [1] }),
    );
    client.send(encodeDescribe("portal", ""), encodeExecute("", 2), encodeExecute(""), encodeSync());
    const messages = await client.untilReady();
    expect(types(messages)).toBe("1tT2TNDDsDCZ");
    expect(rowsOf(messages)).toEqual(["one", "two", proxied.upstream.user]);
  });

  it("that fails skips to Sync", async () => {
    client.send(run("DROP CACHE nope"), run(CACHED), encodeSync(), run(CACHED), encodeSync());
    expect(types(await client.untilReady())).toBe("12nEZ");
    expect(types(await client.untilReady())).toBe("12TDDDCZ");
    client.send(run("CREATE CACHE nonsense"), run(CACHED), encodeSync());
    expect(types(await client.untilReady())).toBe("EZ");
  });

  it("waits for the statements before it, and its failure rolls them back", async () => {
    client.send(run("SELECT 5"), run("SHOW CACHES"), run(CACHED), encodeSync());
    // Its facts are those of before the pipeline: there are none yet.
    expect(errorOf(await client.untilReady())).toMatch(/^55000 /);
    await query(client, CACHED);
    client.send(run("SELECT 5"), run("SHOW CACHES"), run(CACHED), encodeSync());
    expect(types(await client.untilReady())).toBe("12TDC12TNDDDC12TDDDCZ");
    client.send(run("INSERT INTO cached_rows VALUES (9, 'rolled back')"), run("DROP CACHE nope"), encodeSync());
    expect(errorOf(await client.untilReady())).toBe('42704 cache "nope" does not exist');
    expect(rowsOf(await query(client, "SELECT 'pure', count(*) FROM cached_rows WHERE n = 9"))).toEqual(["pure,0"]);
  });

  it("takes no parameters", async () => {
    client.send(encodeParse("", "SHOW CACHES"), encodeBind({ values: ["1"] }), encodeSync());
    expect(errorOf(await client.untilReady())).toMatch(/^08P01 bind message supplies 1 parameters/);
  });
});

describe("EXPLAIN LAST STATEMENT", () => {
  it("tells the fate of the client's last statement", async () => {
    await query(client, CACHED);
    expect(await lastStatement()).toBe("cache: hit");
    await query(client, "SHOW CACHES");
    expect(await lastStatement()).toBe("cache: hit");
    await query(client, "SELECT 1");
    expect(await lastStatement()).toBe("upstream: no_cache");
    await query(client, "SET application_name TO 'x'");
    expect(await lastStatement()).toBe("upstream: not_select");
    await query(client, "SELECT 1; SELECT 2");
    expect(await lastStatement()).toBe("upstream: multiple_statements");
    client.send(run(CACHED), encodeSync());
    await client.untilReady();
    expect(await lastStatement()).toBe("cache: hit");
  });
});

describe("a cancel request", () => {
  it.each(["simple", "extended"])(
    "interrupts a command that runs in the %s protocol, and only that",
    async (protocol) => {
      const working = new RawClient(proxied.port);
      working.send(startup(proxied.upstream));
      const key = (await working.authenticate(proxied.upstream)).find(({ type }) => type === "K");
      if (key === undefined) throw new Error("no BackendKeyData came");
      const { processId, secretKey } = decodeBackendKeyData(key.bytes, 0, key.bytes.length);
      if (protocol === "simple") working.send(encodeQuery("DROP ALL CACHES"));
      else working.send(encodeParse("", "DROP ALL CACHES"), encodeBind({}), encodeExecute(""), encodeSync());
      await working.until("N");
      const wrong = new RawClient(proxied.port);
      wrong.send(encodeCancelRequest(processId, Buffer.alloc(4)));
      await wrong.closed;
      const right = new RawClient(proxied.port);
      right.send(encodeCancelRequest(processId, secretKey));
      expect(errorOf(await working.untilReady())).toBe("57014 canceling statement due to user request");
      await right.closed;
      expect(types(await query(working, "SELECT 1"))).toBe("TDCZ");
      working.close();
    },
  );

  it.each(["simple", "extended"])(
    "interrupts a read of a cache that is waited for, in the %s protocol",
    async (protocol) => {
      const waiting = new RawClient(proxied.port);
      waiting.send(startup(proxied.upstream));
      const key = (await waiting.authenticate(proxied.upstream)).find(({ type }) => type === "K");
      if (key === undefined) throw new Error("no BackendKeyData came");
      const { processId, secretKey } = decodeBackendKeyData(key.bytes, 0, key.bytes.length);
      expect(types(await query(waiting, CACHED))).toBe("TDDDCZ");
      const decisions = proxied.front.decisions;
      proxied.front.stuck = true;
      if (protocol === "simple") waiting.send(encodeQuery(CACHED));
      else waiting.send(encodeParse("", CACHED), encodeBind({}), encodeExecute(""), encodeSync());
      while (proxied.front.decisions === decisions) await new Promise((resolve) => setImmediate(resolve));
      const canceller = new RawClient(proxied.port);
      canceller.send(encodeCancelRequest(processId, secretKey));
      const messages = await waiting.untilReady();
      proxied.front.stuck = false;
      expect(errorOf(messages)).toBe("57014 canceling statement due to user request");
      await canceller.closed;
      expect(types(await query(waiting, CACHED))).toBe("TDDDCZ");
      expect(types(await query(waiting, "SELECT 1"))).toBe("TDCZ");
      waiting.close();
    },
  );
});
