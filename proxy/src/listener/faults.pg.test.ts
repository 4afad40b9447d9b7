import { FreshetError, SqlState, silentLogger } from "@freshet/base";
import { freePort } from "@freshet/postgres";
import {
  encodeCopyData,
  encodeGssencRequest,
  encodeQuery,
  encodeSslRequest,
  encodeSync,
  encodeTerminate,
  frame,
} from "@freshet/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FakeCommands, FakeFront } from "../session/testing/fake-front.ts";
import { type ProxiedPostgres, startProxiedPostgres } from "../session/testing/proxied-postgres.ts";
import { RawClient, errorOf, startup, types } from "../session/testing/raw-client.ts";
import { CACHED, createCachedRows, query, rowsOf, run } from "../session/testing/statements.ts";
import { waitUntil } from "../session/testing/wait-until.ts";
import { DEFAULT_PROXY_OPTIONS, ProxyServer } from "./proxy-server.ts";

let proxied: ProxiedPostgres;
let client: RawClient;

beforeAll(async () => {
  proxied = await startProxiedPostgres({ maxConnections: 12, loginTimeoutMs: 1500 });
  await createCachedRows(proxied);
});
afterAll(() => proxied.stop());
beforeEach(async () => {
  client = await RawClient.login(proxied.port, proxied.upstream);
  return () => client.close();
});

const login = (): Promise<RawClient> => RawClient.login(proxied.port, proxied.upstream);
const header = (type: string, length: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes.write(type, "latin1");
  bytes.writeUInt32BE(length, 1);
  return bytes;
};

describe("malformed messages", () => {
  it.each([
    ["a length of 2 GiB", header("Q", 0x80000000)],
    ["a length of 3", header("P", 3)],
    ["a query without its terminator", frame(0x51, Buffer.from("SELECT 1"))],
    ["a bind that ends early", frame(0x42, Buffer.from("\0\0\0\u0005", "latin1"))],
    ["a describe of nothing", frame(0x44, Buffer.from("X\0"))],
  ])("%s ends the connection with 08P01, after what was answered", async (_what, bytes) => {
    await query(client, CACHED);
    client.send(encodeQuery(CACHED), bytes);
    expect(types(await client.untilReady())).toBe("TDDDCZ");
    expect(errorOf(await client.until("E"))).toMatch(/^08P01 /);
    await client.closed;
    const next = await login();
    expect(types(await query(next, "SELECT 1"))).toBe("TDCZ");
    next.close();
  });

  it("unknown types get the upstream's own answer", async () => {
    client.send(frame(0x7a, Buffer.from("what?")));
    expect(errorOf(await client.until("E"))).toBe("08P01 invalid frontend message type 122");
    await client.closed;
  });

  it("random bytes never stop the process", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = Buffer.from(
        Array.from({ length: 60 }, (_, index) => (seed * 7919 * (index + 3) * (index + seed)) % 256),
      );
      const early = new RawClient(proxied.port);
      early.send(random);
      const late = await login();
      late.send(random);
      late.socket.end();
      early.socket.end();
      await Promise.all([early.closed, late.closed]);
    }
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
  });
});

describe("a login", () => {
  it("is told that encryption is not offered, in either order", async () => {
    const early = new RawClient(proxied.port);
    const answers: string[] = [];
    early.socket.removeAllListeners("data");
    early.socket.on("data", (chunk: Buffer) => answers.push(chunk.toString("latin1")));
    early.send(encodeGssencRequest());
    while (answers.length < 1) await query(client, "SELECT 1");
    early.send(encodeSslRequest());
    while (answers.length < 2) await query(client, "SELECT 1");
    expect(answers).toEqual(["N", "N"]);
    early.send(encodeSslRequest());
    await early.closed;
  });

  it("with bytes behind an encryption request is refused", async () => {
    const early = new RawClient(proxied.port);
    early.send(encodeSslRequest(), startup(proxied.upstream));
    await early.closed;
    expect(await early.next()).toBeDefined();
  });

  it("with an impossible length is refused", async () => {
    const early = new RawClient(proxied.port);
    early.send(Buffer.from([0x7f, 0xff, 0xff, 0xff]));
    expect(errorOf(await early.until())).toBe("08P01 invalid length of startup packet");
  });

  it("in pieces of one byte succeeds", async () => {
    const early = new RawClient(proxied.port);
    for (const byte of startup(proxied.upstream)) early.send(Buffer.from([byte]));
    expect(types(await early.authenticate(proxied.upstream))).toMatch(/Z$/);
    early.close();
  });

  it("gets the upstream's own errors", async () => {
    const early = new RawClient(proxied.port);
    early.send(startup({ ...proxied.upstream, database: "no_such_database" }));
    expect(errorOf(await early.authenticate(proxied.upstream))).toMatch(/^3D000 /);
    await early.closed;
  });

  it("that takes too long is ended", async () => {
    const silent = new RawClient(proxied.port);
    await silent.closed;
    expect(await silent.next()).toBeUndefined();
  });

  it("that comes byte by byte is ended at the same time, with what it holds", async () => {
    const packet = startup(proxied.upstream, [["application_name", "x".repeat(9000)]]);
    const slow = Array.from({ length: 8 }, () => new RawClient(proxied.port));
    let sent = 0;
    const timer = setInterval(() => {
      for (const one of slow) one.send(packet.subarray(sent, sent + 1));
      sent += 1;
    }, 5);
    await Promise.all(slow.map((one) => one.closed));
    clearInterval(timer);
    expect(sent).toBeLessThan(packet.length);
    // The server hears of its sockets' ends a moment later.
    while (proxied.server.connections > 1) await query(client, "SELECT 1");
    expect(proxied.server.bufferedBytes).toBe(0);
  });

  it("beyond the limit of connections gets 53300", async () => {
    const others = await Promise.all(Array.from({ length: 11 }, login));
    const late = new RawClient(proxied.port);
    late.send(startup(proxied.upstream));
    expect(errorOf(await late.until())).toBe("53300 sorry, too many clients already");
    await late.closed;
    for (const other of others) other.close();
    await Promise.all(others.map((other) => other.closed));
  });

  it("for replication becomes a plain relay", async () => {
    const walsender = new RawClient(proxied.port);
    walsender.send(startup(proxied.upstream, [["replication", "database"]]));
    await walsender.authenticate(proxied.upstream);
    expect(types(await query(walsender, "IDENTIFY_SYSTEM"))).toBe("TDCZ");
    walsender.close();
  });
});

describe("a client that vanishes", () => {
  it("right behind its startup packet leaves no connection upstream", async () => {
    const application = "gone at once";
    for (let count = 0; count < 20; count++) {
      const gone = new RawClient(proxied.port);
      gone.socket.end(startup(proxied.upstream, [["application_name", application]]));
      await gone.closed;
    }
    await waitUntil(
      client,
      "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename IS NULL",
    );
    expect(proxied.server.connections).toBe(1);
  });

  it("in mid-query has its statement cancelled and its upstream connection closed", async () => {
    const gone = await login();
    gone.send(encodeQuery("SELECT pg_sleep(61)"));
    await waitUntil(
      client,
      "SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(61)' AND state = 'active'",
    );
    gone.close();
    await waitUntil(client, "SELECT count(*) = 0 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(61)'");
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
  });

  it("in mid-message leaves nothing behind", async () => {
    const gone = await login();
    const marker = "SELECT 'half a message'";
    await query(gone, marker);
    gone.send(encodeCopyData(Buffer.alloc(100)).subarray(0, 50), encodeSync().subarray(0, 3));
    gone.close();
    await waitUntil(
      client,
      `SELECT count(*) = 0 FROM pg_stat_activity WHERE query = '${marker.replaceAll("'", "''")}'`,
    );
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
  });
});

describe("an upstream connection that dies", () => {
  it("gives what was answered, then the upstream's own last words", async () => {
    const pid = rowsOf(await query(client, "SELECT pg_backend_pid()"))[0];
    const other = await login();
    await query(other, `SELECT pg_terminate_backend(${pid})`);
    other.close();
    expect(errorOf(await client.until("E"))).toMatch(/^57P01 /);
    await client.closed;
  });

  it("without a word is told as 08006", async () => {
    await query(client, CACHED);
    const [pid] = rowsOf(await query(client, "SELECT pg_backend_pid()"));
    client.send(run(CACHED), encodeQuery(`SELECT pg_terminate_backend(${pid}) FROM generate_series(1, 1)`));
    const messages = await client.until("E");
    expect(errorOf(messages)).toMatch(/^(57P01|08006) /);
    await client.closed;
  });
});

describe("an upstream that is not there", () => {
  it("is told to the client in PostgreSQL's form", async () => {
    const port = await freePort();
    const parts = { front: new FakeFront(), commands: new FakeCommands(), logger: silentLogger() };
    const server = new ProxyServer({ ...parts, options: DEFAULT_PROXY_OPTIONS, upstream: { host: "127.0.0.1", port } });
    const { port: listening } = await server.start();
    const early = new RawClient(listening);
    early.send(startup(proxied.upstream));
    expect(errorOf(await early.until())).toBe(`08001 could not connect to the upstream server at "127.0.0.1:${port}"`);
    await early.closed;
    await server.stop();
  });
});

describe("stop", () => {
  it("tells the clients, and refuses to listen twice on one port", async () => {
    const parts = {
      front: new FakeFront(),
      commands: new FakeCommands(),
      logger: silentLogger(),
      upstream: proxied.upstream,
    };
    const server = new ProxyServer({ ...parts, options: DEFAULT_PROXY_OPTIONS });
    const { port } = await server.start();
    const second = new ProxyServer({ ...parts, options: { ...DEFAULT_PROXY_OPTIONS, port } });
    await expect(second.start()).rejects.toMatchObject({ code: "EADDRINUSE" });
    const connected = await RawClient.login(port, proxied.upstream);
    connected.send(encodeQuery("SELECT pg_sleep(62)"));
    await waitUntil(
      client,
      "SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(62)' AND state = 'active'",
    );
    await server.stop();
    const error = new FreshetError(SqlState.adminShutdown, "terminating connection due to administrator command");
    expect(errorOf(await connected.until("E"))).toBe(`${error.code} ${error.message}`);
    expect(server.connections).toBe(0);
  });
});

describe("Terminate", () => {
  it("lets the client read what it has asked for", async () => {
    const leaving = await login();
    leaving.send(encodeQuery("SELECT pg_sleep(0.1)"), encodeTerminate());
    leaving.socket.end();
    expect(types(await leaving.until("Z"))).toBe("TDCZ");
    await leaving.closed;
  });
});
