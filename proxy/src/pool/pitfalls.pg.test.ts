import { startPostgres } from "@freshet/postgres";
import {
  encodeBind,
  encodeClose,
  encodeCopyData,
  encodeCopyDone,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from "@freshet/wire";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type PooledProxy, startPooledProxy } from "../session/testing/pooled-postgres.ts";
import { RawClient, errorOf, types } from "../session/testing/raw-client.ts";
import { CACHED, query, rowsOf } from "../session/testing/statements.ts";
import { type UpstreamUrl, parseUpstreamUrl } from "../upstream/address.ts";

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let upstream: UpstreamUrl;
let proxy: PooledProxy;
let clients: RawClient[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  upstream = parseUpstreamUrl(postgres.url);
  proxy = await startPooledProxy(upstream, { defaultPoolSize: 1, maxPreparedStatements: 2 });
  const setup = await connect();
  await query(setup, "CREATE TABLE copied (a int)");
});
afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
});
afterAll(async () => {
  await proxy.stop();
  await postgres.stop();
});

async function connect(): Promise<RawClient> {
  const client = await RawClient.login(proxy.port, upstream);
  clients.push(client);
  return client;
}

/** Bind, Execute and Sync of a statement. */
const run = (statement: string, values: readonly string[] = []): Buffer =>
  Buffer.concat([encodeBind({ statement, values }), encodeExecute(""), encodeSync()]);

/** Waits until no client has the one server connection. */
const released = (): Promise<unknown> =>
  vi.waitUntil(() => proxy.pools.all.every(({ active }) => active.size === 0), { timeout: 20_000, interval: 5 });

describe("shared server connections", () => {
  it("answer Flush without waiting for Sync", async () => {
    const client = await connect();
    client.send(encodeParse("", "SELECT 1"), encodeDescribe("statement", ""), encodeFlush());
    expect(types(await client.until("T"))).toBe("1tT");
    client.send(run(""));
    expect(types(await client.untilReady())).toBe("2DCZ");
  });

  it("are kept until every Sync that was sent has been answered", async () => {
    const [one, two] = [await connect(), await connect()];
    const segment = [encodeParse("", "SELECT pg_backend_pid()"), run("")];
    one.send(...segment, ...segment, ...segment);
    two.send(encodeQuery("SELECT 2"));
    for (let count = 0; count < 3; count++) expect(types(await one.untilReady())).toBe("12DCZ");
    expect(rowsOf(await two.untilReady())).toEqual(["2"]);
  });

  it("do not wait for a ReadyForQuery that a skipped Query never brings", async () => {
    const client = await connect();
    client.send(encodeParse("", "SELEC"), encodeQuery("SELECT 1"), encodeSync());
    expect(types(await client.untilReady())).toBe("EZ");
    expect(rowsOf(await query(client, "SELECT 3"))).toEqual(["3"]);
    await released();
  });

  it("answer the Parse of a statement that they have, at its place in the pipeline", async () => {
    const [one, two] = [await connect(), await connect()];
    one.send(encodeParse("a", "SELECT 4"), run("a"));
    expect(types(await one.untilReady())).toBe("12DCZ");
    two.send(encodeParse("", "SELECT 5"), encodeParse("b", "SELECT 4"), encodeDescribe("statement", "b"), run("b"));
    expect(types(await two.untilReady())).toBe("11tT2DCZ");
  });

  it("forget a Parse that failed", async () => {
    const client = await connect();
    client.send(encodeParse("a", "SELECT nonsense"), encodeSync());
    expect(errorOf(await client.untilReady())).toMatch(/^42703/);
    client.send(encodeParse("a", "SELECT 6"), run("a"));
    expect(rowsOf(await client.untilReady())).toEqual(["6"]);
  });

  it("prepare again what had to make room, also within one pipeline", async () => {
    const client = await connect();
    const names = ["a", "b", "c", "d", "e"];
    client.send(...names.map((name, index) => encodeParse(name, `SELECT ${index}`)), encodeSync());
    await client.untilReady();
    client.send(
      ...["e", "a", "b", "a", "d", "c"].flatMap((name) => [encodeBind({ statement: name }), encodeExecute("")]),
      encodeSync(),
    );
    expect(rowsOf(await client.untilReady())).toEqual(["4", "0", "1", "0", "3", "2"]);
    // Room is made behind an error, too, where the server skips it.
    client.send(
      encodeParse("", "SELECT 1/0"),
      run(""),
      encodeBind({ statement: "e" }),
      encodeExecute(""),
      encodeSync(),
    );
    expect(errorOf(await client.untilReady())).toMatch(/^22012/);
    await client.untilReady();
    client.send(...names.flatMap((name) => [encodeBind({ statement: name }), encodeExecute("")]), encodeSync());
    expect(rowsOf(await client.untilReady())).toEqual(["0", "1", "2", "3", "4"]);
  });

  it.each([
    ["between Parse and Sync", encodeParse("", "SELECT 1")],
    ["in the middle of a message", encodeQuery("SELECT 'a long statement'").subarray(0, 9)],
    ["in the middle of a large message", encodeQuery(`SELECT '${"x".repeat(3 << 20)}'`).subarray(0, 2 << 20)],
    ["in a transaction", encodeQuery("BEGIN; CREATE TEMP TABLE t (a int)")],
    [
      "in the middle of COPY",
      Buffer.concat([encodeQuery("COPY copied FROM STDIN"), encodeCopyData(Buffer.from("1\n"))]),
    ],
  ])("are not handed on as a client left them that went away %s", async (_where, bytes) => {
    const one = await connect();
    await query(one, "SELECT 1");
    one.send(bytes);
    await new Promise((resolve) => setTimeout(resolve, 30));
    one.close();
    const two = await connect();
    expect(rowsOf(await query(two, "SELECT count(*) FROM copied"))).toEqual(["0"]);
    expect(rowsOf(await query(two, "SELECT to_regclass('pg_temp.t')"))).toEqual(["null"]);
  });

  it("understand DEALLOCATE and DISCARD", async () => {
    const client = await connect();
    client.send(encodeParse("a", "SELECT 7"), encodeParse("b", "SELECT 8"), encodeSync());
    await client.untilReady();
    expect(rowsOf(await query(client, "EXECUTE b"))).toEqual(["8"]);
    expect(types(await query(client, "DEALLOCATE a"))).toBe("CZ");
    client.send(run("a"));
    expect(errorOf(await client.untilReady())).toBe('26000 prepared statement "a" does not exist');
    await query(client, "DISCARD ALL");
    client.send(run("b"));
    expect(errorOf(await client.untilReady())).toMatch(/^26000/);
  });

  it("refuse a name that is taken or unknown with an error alone", async () => {
    const client = await connect();
    client.send(encodeParse("a", "SELECT 1"), encodeSync());
    await client.untilReady();
    client.send(encodeParse("a", "SELECT 2"), encodeSync());
    expect(errorOf(await client.untilReady())).toBe('42P05 prepared statement "a" already exists');
    client.send(run("unknown"));
    expect(errorOf(await client.untilReady())).toBe('26000 prepared statement "unknown" does not exist');
    client.send(encodeClose("statement", ""), run(""));
    expect(errorOf(await client.untilReady())).toMatch(/^26000/);
    expect(rowsOf(await query(client, "SELECT 9"))).toEqual(["9"]);
  });

  it.each([
    [
      "a Parse that is skipped",
      [],
      [encodeExecute("none"), encodeParse("a", "SELECT 1"), encodeSync()],
      "EZ",
      /^no error/,
    ],
    [
      "a Close that is skipped",
      ["a"],
      [encodeExecute("none"), encodeClose("statement", "a"), encodeSync()],
      "EZ",
      /^42P05/,
    ],
    ["DISCARD ALL", ["a"], [encodeQuery("DISCARD ALL")], "CZ", /^no error/],
  ])("know which names stand behind %s and is yet to be answered", async (_what, before, under, answer, outcome) => {
    const client = await connect();
    client.send(...before.map((name) => encodeParse(name, "SELECT 1")), encodeSync());
    await client.untilReady();
    client.send(...under, encodeParse("a", "SELECT 2"), encodeSync());
    expect(types(await client.untilReady())).toBe(answer);
    expect(errorOf(await client.untilReady())).toMatch(outcome);
  });

  it("skip the Describe of a statement that is still being parsed, behind an error", async () => {
    const client = await connect();
    client.send(
      encodeParse("a", "SELECT 1"),
      encodeSync(),
      encodeParse("", "SELECT 2"),
      encodeBind({ values: ["too many"] }),
      encodeDescribe("statement", "a"),
      encodeSync(),
      encodeQuery("SELECT 3"),
    );
    expect(types(await client.untilReady())).toBe("1Z");
    expect(types(await client.untilReady())).toBe("1EZ");
    expect(rowsOf(await client.untilReady())).toEqual(["3"]);
  });

  it("have nothing of a Parse that was skipped together with a statement whose effects are unknown", async () => {
    const client = await connect();
    client.send(encodeExecute("none"), encodeParse("a", ""), run("a"), encodeDescribe("statement", "a"), encodeSync());
    expect(types(await client.untilReady())).toBe("EZ");
    expect(errorOf(await client.untilReady())).toBe('26000 prepared statement "a" does not exist');
  });

  it("look a name in SQL up behind DISCARD ALL that is yet to be answered", async () => {
    const client = await connect();
    client.send(encodeParse("a", "SELECT 1"), encodeSync());
    await client.untilReady();
    client.send(encodeQuery("DISCARD ALL"), encodeQuery("EXECUTE a"));
    expect(types(await client.untilReady())).toBe("CZ");
    expect(errorOf(await client.untilReady())).toBe('26000 prepared statement "a" does not exist');
  });

  it("keep the unnamed statement across Sync, each client its own", async () => {
    const [one, two] = [await connect(), await connect()];
    one.send(encodeParse("", "SELECT 'one'"), encodeDescribe("statement", ""), encodeSync());
    await one.untilReady();
    two.send(encodeParse("", "SELECT 'two'"), encodeSync());
    await two.untilReady();
    one.send(run(""));
    two.send(run(""));
    expect(rowsOf(await one.untilReady())).toEqual(["one"]);
    expect(rowsOf(await two.untilReady())).toEqual(["two"]);
  });

  it("are kept while a portal is suspended, whose statement may be closed", async () => {
    const client = await connect();
    await query(client, "BEGIN");
    client.send(encodeParse("s", "SELECT generate_series(1, 3)"), encodeBind({ portal: "p", statement: "s" }));
    client.send(encodeExecute("p", 2), encodeSync());
    expect(types(await client.untilReady())).toBe("12DDsZ");
    client.send(encodeClose("statement", "s"), encodeExecute("p", 2), encodeSync());
    expect(types(await client.untilReady())).toBe("3DCZ");
    await query(client, "COMMIT");
    await released();
  });

  it("swallow what still comes of a COPY that has failed", async () => {
    const client = await connect();
    client.send(encodeQuery("COPY copied FROM STDIN"), encodeCopyData(Buffer.from("x\n")));
    expect(types(await client.untilReady())).toBe("GEZ");
    await released();
    client.send(encodeCopyData(Buffer.from("1\n")), encodeCopyDone());
    expect(rowsOf(await query(client, "SELECT 10"))).toEqual(["10"]);
  });

  it("tell the client of every value that is new to it", async () => {
    const [one, two] = [await connect(), await connect()];
    const set = await query(one, "SET TimeZone = 'Asia/Tokyo'");
    expect(types(set)).toBe("CSZ");
    expect(rowsOf(await query(two, "SHOW TimeZone"))).not.toEqual(["Asia/Tokyo"]);
    expect(types(await query(one, "SHOW TimeZone"))).toBe("TDCZ");
    expect(rowsOf(await query(one, "SHOW TimeZone"))).toEqual(["Asia/Tokyo"]);
  });

  it("do not confuse what decides hits: facts are the client's", async () => {
    const [one, two] = [await connect(), await connect()];
    await query(one, "SET TimeZone = 'Asia/Tokyo'");
    expect(rowsOf(await query(one, CACHED))).toHaveLength(3);
    expect(proxy.front.seenFacts?.text.timeZone).toBe("Asia/Tokyo");
    expect(rowsOf(await query(two, CACHED))).toHaveLength(3);
    expect(proxy.front.seenFacts?.text.timeZone).not.toBe("Asia/Tokyo");
    await query(two, "SELECT 11");
    await query(one, CACHED);
    expect(proxy.front.seenFacts?.text.timeZone).toBe("Asia/Tokyo");
    await query(one, "BEGIN");
    expect(errorOf(await query(one, CACHED))).toMatch(/^42P01/);
    await query(one, "ROLLBACK");
  });
});
