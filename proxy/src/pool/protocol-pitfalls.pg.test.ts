import { startPostgres } from "@freshet/postgres";
import {
  encodeBind,
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeDescribe,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
  frame,
} from "@freshet/wire";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type PooledProxy, startPooledProxy } from "../session/testing/pooled-postgres.ts";
import { RawClient, type ReceivedMessage, errorOf, startup, types } from "../session/testing/raw-client.ts";
import { CACHED, query, rowsOf, run } from "../session/testing/statements.ts";
import { type UpstreamUrl, parseUpstreamUrl } from "../upstream/address.ts";

/** What clients of a pool with one server connection may send and get, whoever had the connection before. */

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let upstream: UpstreamUrl;
let proxy: PooledProxy;
let clients: RawClient[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  upstream = parseUpstreamUrl(postgres.url);
  proxy = await startPooledProxy(upstream, { defaultPoolSize: 1 });
  const setup = await connect();
  await query(
    setup,
    `CREATE TABLE copied (a int);
     CREATE TABLE loud (a text);
     CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '%', NEW.a; RETURN NEW; END$$;
     CREATE TRIGGER shout BEFORE INSERT ON loud FOR EACH ROW EXECUTE FUNCTION shout();
     CREATE FUNCTION murmur(n int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'row %', n; RETURN n; END$$`,
  );
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

/** Waits until no client has the one server connection. */
const released = (): Promise<unknown> =>
  vi.waitUntil(() => proxy.pools.all.every(({ active }) => active.size === 0), { timeout: 20_000, interval: 5 });

/** The transaction status of each ReadyForQuery. */
function statuses(messages: readonly ReceivedMessage[]): string {
  return messages.map(({ type, bytes }) => (type === "Z" ? bytes.toString("latin1", 5) : "")).join("");
}

const int4 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
/** int4div, arguments and result in binary format. */
const divide = (left: number, right: number): Buffer =>
  frame(
    0x46,
    int4(154),
    Buffer.from([0, 1, 0, 1, 0, 2]),
    ...[int4(4), int4(left), int4(4), int4(right)],
    Buffer.from([0, 1]),
  );

describe("FunctionCall on a shared connection", () => {
  it("is answered, also when it fails or ends a pipeline, and gives the connection back", async () => {
    const [one, two] = [await connect(), await connect()];
    one.send(divide(84, 2));
    const answer = await one.untilReady();
    expect(types(answer)).toBe("VZ");
    expect(answer[0]?.bytes.readInt32BE(9)).toBe(42);
    await released();
    expect(rowsOf(await query(two, "SELECT 1"))).toEqual(["1"]);
    one.send(divide(1, 0), encodeQuery("SELECT 2"));
    expect(errorOf(await one.untilReady())).toMatch(/^22012/);
    expect(rowsOf(await one.untilReady())).toEqual(["2"]);
    one.send(run("SELECT 3"), divide(8, 4), encodeQuery("SELECT 4"));
    expect(types(await one.untilReady())).toBe("12TDCVZ");
    expect(rowsOf(await one.untilReady())).toEqual(["4"]);
    one.send(encodeQuery("BEGIN"), divide(1, 0));
    expect(statuses([...(await one.untilReady()), ...(await one.untilReady())])).toBe("TE");
    expect(statuses(await query(one, "ROLLBACK"))).toBe("I");
    await released();
  });
});

describe("a failed or open transaction block", () => {
  it("is in every ReadyForQuery, also of what Freshet answers itself", async () => {
    const client = await connect();
    expect(types(await query(client, CACHED))).toBe("TDDDCZ");
    expect(statuses(await query(client, "BEGIN"))).toBe("T");
    client.send(encodeSync());
    expect(statuses(await client.untilReady())).toBe("T");
    expect(statuses(await query(client, "SELECT 1/0"))).toBe("E");
    client.send(encodeSync());
    expect(statuses(await client.untilReady())).toBe("E");
    // A cache would have an answer, the block has none.
    const refused = await query(client, CACHED);
    expect([errorOf(refused).slice(0, 5), statuses(refused)]).toEqual(["25P02", "E"]);
    client.send(encodeParse("p", "SELECT 1"), encodeSync());
    const parsed = await client.untilReady();
    expect([errorOf(parsed).slice(0, 5), statuses(parsed)]).toEqual(["25P02", "E"]);
    client.send(encodeBind({ statement: "nobody's" }), encodeExecute(""), encodeSync());
    const bound = await client.untilReady();
    expect([types(bound), statuses(bound)]).toEqual(["EZ", "E"]);
    expect(statuses(await query(client, "COMMIT"))).toBe("I");
    expect(types(await query(client, CACHED))).toBe("TDDDCZ");
  });
});

describe("DISCARD ALL", () => {
  it("that the server refuses, in a block or behind another statement of a pipeline, drops nothing", async () => {
    const client = await connect();
    const bound = [encodeBind({ statement: "kept" }), encodeExecute(""), encodeSync()];
    client.send(encodeParse("kept", "SELECT 12"), encodeSync());
    await client.untilReady();
    await query(client, "BEGIN");
    expect(errorOf(await query(client, "DISCARD ALL"))).toMatch(/^25001/);
    await query(client, "ROLLBACK");
    client.send(...bound);
    expect(rowsOf(await client.untilReady())).toEqual(["12"]);
    client.send(run("CREATE TEMP TABLE t (a int)"), run("DISCARD ALL"), encodeSync());
    expect(errorOf(await client.untilReady())).toMatch(/^25001/);
    client.send(...bound);
    expect(rowsOf(await client.untilReady())).toEqual(["12"]);
    expect(rowsOf(await query(client, "SELECT to_regclass('pg_temp.t')"))).toEqual(["null"]);
    await released();
  });
});

describe("messages that nobody asked for", () => {
  it("come between rows and in pipelines, at their place, to the client whose statement brings them", async () => {
    const [one, two] = [await connect(), await connect()];
    one.send(run("SELECT murmur(n) FROM generate_series(1, 3) n"), encodeSync());
    two.send(encodeQuery("SELECT 5"));
    expect(types(await one.untilReady())).toBe("12TNDNDNDCZ");
    expect(types(await two.untilReady())).toBe("TDCZ");
    one.send(run("SELECT murmur(1)"), run("SELECT murmur(2)"), encodeSync(), run("SELECT murmur(3)"), encodeSync());
    expect(types(await one.untilReady())).toBe("12TNDC12TNDCZ");
    expect(types(await one.untilReady())).toBe("12TNDCZ");
  });

  it("of LISTEN reach their client while it is idle, and no other", async () => {
    const both = await startPooledProxy(upstream, { defaultPoolSize: 2 });
    try {
      const [listener, other] = [
        await RawClient.login(both.port, upstream),
        await RawClient.login(both.port, upstream),
      ];
      clients.push(listener, other);
      await query(listener, "LISTEN news");
      expect(types(await query(other, "NOTIFY news, 'it''s here'"))).toBe("CZ");
      const [notification] = await listener.until("A");
      expect(notification?.bytes.toString("latin1", 9)).toBe("news\0it's here\0");
      expect(types(await query(other, "SELECT 1"))).toBe("TDCZ");
    } finally {
      await both.stop();
    }
  });
});

describe("COPY on a shared connection", () => {
  it("that the client gives up, or in whose middle it sends Sync, is over with its error", async () => {
    const [one, two] = [await connect(), await connect()];
    one.send(encodeQuery("COPY copied FROM STDIN"), encodeCopyData(Buffer.from("1\n")), encodeCopyFail("enough"));
    expect(errorOf(await one.untilReady())).toMatch(/^57014/);
    one.send(
      encodeParse("", "COPY copied FROM STDIN"),
      encodeBind({}),
      encodeExecute(""),
      encodeSync(),
      encodeCopyData(Buffer.from("2\n")),
      encodeSync(),
      encodeCopyDone(),
      encodeSync(),
    );
    expect(types(await one.untilReady())).toBe("12GCZ");
    await released();
    expect(rowsOf(await query(two, "SELECT * FROM copied"))).toEqual(["2"]);
    await query(two, "TRUNCATE copied");
  });

  it("whose server answers while the client still sends goes on both ways", async () => {
    const client = await connect();
    const row = `${"x".repeat(4000)}\n`;
    client.send(encodeQuery("COPY loud FROM STDIN"));
    expect(types(await client.until("G"))).toBe("G");
    // 16 MB each way: more than all buffers on the way together.
    for (let sent = 0; sent < 4000; sent += 100) client.send(encodeCopyData(Buffer.from(row.repeat(100))));
    client.send(encodeCopyDone());
    const answer = types(await client.untilReady());
    expect(answer).toBe(`${"N".repeat(4000)}CZ`);
    await released();
  });
});

describe("settings of one client", () => {
  it("that forbid writes, or rename it to nothing, are no other's", async () => {
    const [one, two] = [await connect(), await connect()];
    await query(one, "SET default_transaction_read_only = on");
    await query(one, "SET application_name = ''");
    expect(types(await query(two, "INSERT INTO copied VALUES (7)"))).toBe("CZ");
    expect(errorOf(await query(one, "INSERT INTO copied VALUES (8)"))).toMatch(/^25006/);
    expect(rowsOf(await query(one, "SHOW application_name"))).toEqual([""]);
    expect(types(await query(two, "TRUNCATE copied"))).toBe("CZ");
  });

  it("may be in its startup packet, with spaces and quotes in them", async () => {
    const [one, two] = [new RawClient(proxy.port), await connect()];
    clients.push(one);
    one.send(
      startup(upstream, [
        ["options", String.raw`-c search_path=\"a\ b\",\"C\",public --work_mem=3MB -c  app.x=it\'s\\here`],
        ["application_name", ""],
        ["client_encoding", "'utf-8'"],
      ]),
    );
    expect(types(await one.authenticate(upstream))).toMatch(/Z$/);
    for (let turn = 0; turn < 2; turn++) {
      expect(rowsOf(await query(two, "SHOW work_mem"))).not.toEqual(["3MB"]);
      expect(rowsOf(await query(one, "SHOW search_path"))).toEqual(['"a b","C",public']);
      expect(rowsOf(await query(one, "SHOW work_mem"))).toEqual(["3MB"]);
      expect(rowsOf(await query(one, "SHOW app.x"))).toEqual(["it's\\here"]);
      expect(rowsOf(await query(one, "SHOW client_encoding"))).toEqual(["UTF8"]);
      await query(one, "SET work_mem = '9MB'");
      await query(one, "RESET ALL");
    }
  });
});

describe("one client that does not read", () => {
  it("holds its own connection and nobody else's time", async () => {
    const pair = await startPooledProxy(upstream, { defaultPoolSize: 2 });
    try {
      const [deaf, other] = [await RawClient.login(pair.port, upstream), await RawClient.login(pair.port, upstream)];
      clients.push(deaf, other);
      deaf.socket.pause();
      deaf.send(encodeQuery("SELECT repeat('x', 1000) FROM generate_series(1, 100000)"));
      for (let count = 0; count < 200; count++) expect(rowsOf(await query(other, "SELECT 6"))).toEqual(["6"]);
      deaf.socket.resume();
      expect(types(await deaf.untilReady())).toBe(`T${"D".repeat(100_000)}CZ`);
    } finally {
      await pair.stop();
    }
  });
});

describe("several messages in one chunk, or one in many", () => {
  it("are the same to the server", async () => {
    const client = await connect();
    const bytes = Buffer.concat([
      encodeParse("", "SELECT $1::text"),
      encodeDescribe("statement", ""),
      encodeBind({ values: ["a"] }),
      encodeExecute(""),
      encodeSync(),
      encodeQuery("SELECT 7"),
    ]);
    client.send(bytes);
    expect(types(await client.untilReady())).toBe("1tT2DCZ");
    expect(rowsOf(await client.untilReady())).toEqual(["7"]);
    for (const byte of bytes) {
      client.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(types(await client.untilReady())).toBe("1tT2DCZ");
    expect(rowsOf(await client.untilReady())).toEqual(["7"]);
  });
});
