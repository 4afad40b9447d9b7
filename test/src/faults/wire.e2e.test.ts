import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { startPostgres } from "@freshet/postgres";
import type { Connection, PostgresServer } from "@freshet/postgres";
import { decodeErrorFields, encodeQuery } from "@freshet/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { untilReady } from "./replicating.ts";
import { adminStatus, cachedRows, TextClient, until, withText } from "./support.ts";
import type { Rows } from "./support.ts";
import { rawLogin } from "./raw-login.ts";

const query = "SELECT id FROM numbers WHERE id = 7";

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows("CREATE TABLE numbers (id int PRIMARY KEY); INSERT INTO numbers SELECT generate_series(1, 1000)");
  freshet = await FreshetProcess.start({
    upstream: server,
    instance: "wire",
    flags: ["--client-login-timeout-ms", "2000"],
  });
  await untilReady(freshet);
  await withText(freshet.connection, (proxied) => proxied.rows(`CREATE CACHE numbers FROM ${query}`));
});

afterAll(async () => {
  await upstream.end();
  await freshet.remove();
  await server.stop();
});

/** Sends bytes and collects what comes until the server closes. */
async function exchange(connection: Connection, bytes: Buffer, halfClose: boolean): Promise<Buffer> {
  const socket = connect({ host: connection.host, port: connection.port, allowHalfOpen: true });
  return collect(socket, bytes, halfClose);
}

async function collect(socket: Socket, bytes: Buffer, halfClose: boolean): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // A server may answer nonsense by a reset.
  socket.on("error", () => undefined);
  if (halfClose) socket.end(bytes);
  else socket.write(bytes);
  if (!socket.readableEnded && !socket.destroyed) await Promise.race([once(socket, "end"), once(socket, "close")]);
  socket.destroy();
  return Buffer.concat(chunks);
}

/** The fields of the last message, which must be an ErrorResponse. */
function errorIn(bytes: Buffer): ReadonlyMap<string, string> {
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    if (bytes[at] === 0x45) return decodeErrorFields(bytes, at, at + 1 + bytes.readInt32BE(at + 1));
  }
  throw new Error(`no ErrorResponse in ${bytes.toString("latin1")}`);
}

function message(type: string, length: number, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(length, 1);
  return Buffer.concat([head, Buffer.from(body, "latin1")]);
}

const served = [["7"]];

/** What a new session is answered from the cache: the program lives, whatever became of others' sessions. */
function stillServes(): Promise<Rows> {
  return withText(freshet.connection, (proxied) => cachedRows(proxied, query));
}

const startups: readonly (readonly [string, Buffer])[] = [
  ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
  ["a startup packet of 2 GiB", Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
  ["a startup packet of negative length", Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
  ["a startup packet of length zero", Buffer.from([0, 0, 0, 0])],
  ["an unknown protocol version", Buffer.from([0, 0, 0, 8, 0, 9, 0, 0])],
  ["parameters without their end", Buffer.from([0, 0, 0, 12, 0, 3, 0, 0, 0x75, 0x73, 0x65, 0x72])],
  ["random bytes", Buffer.from("8f13c2a9d04417be5566fa01", "hex")],
];

test.each(startups)("%s instead of a login ends the connection, and only it", async (_name, bytes) => {
  await exchange(freshet.connection, bytes, true);
  expect(await stillServes()).toEqual(served);
});

test("a truncated login is ended in time", async () => {
  await exchange(freshet.connection, Buffer.from([0, 0, 1, 0, 0, 3]), false);
  expect(await stillServes()).toEqual(served);
});

const messages: readonly (readonly [string, Buffer])[] = [
  ["an unknown message type", message("!", 4, "")],
  ["a message length of 2 GiB", message("Q", 0x7fffffff, "SELECT 1")],
  ["a negative message length", message("Q", -1, "SELECT 1")],
  ["a message length below four", message("Q", 3, "")],
];

test.each(messages)("%s ends the session with PostgreSQL's 08P01", async (_name, bytes) => {
  const socket = await rawLogin(freshet.connection);
  const fields = errorIn(await collect(socket, bytes, false));
  expect([fields.get("S"), fields.get("C")]).toEqual(["FATAL", "08P01"]);
  expect(await stillServes()).toEqual(served);
});

const malformed: readonly (readonly [string, Buffer])[] = [
  ["a query without its end", message("Q", 12, "SELECT 1")],
  ["a Parse cut short", Buffer.concat([message("P", 8, "s\0SE"), message("S", 4, "")])],
  [
    "a Bind with more values than it holds",
    Buffer.concat([message("P", 4 + 11, "\0SELECT 1\0\0"), message("B", 10, "\0\0\0\0\x7f\xff"), message("S", 4, "")]),
  ],
  ["a Describe of nothing", Buffer.concat([message("D", 6, "?\0"), message("S", 4, "")])],
];

test.each(malformed)("%s is answered by an error, as PostgreSQL does", async (_name, bytes) => {
  const fields: (string | undefined)[] = [];
  for (const connection of [server, freshet.connection]) {
    const socket = await rawLogin(connection);
    const found = errorIn(await collect(socket, Buffer.concat([bytes, message("X", 4, "")]), false));
    fields.push(found.get("C"));
  }
  expect(fields[1]).toBe(fields[0]);
  expect(await stillServes()).toEqual(served);
});

/** Upstream sessions that came through the proxy, other than the probes of this test. */
async function backends(): Promise<number> {
  return Number(await upstream.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vanisher'"));
}

test("a client that vanishes in mid-query: its upstream session ends", async () => {
  const socket = await rawLogin(freshet.connection, "vanisher");
  socket.write(encodeQuery("SELECT pg_sleep(0.2) FROM generate_series(1, 3000)"));
  await until("the query runs", async () => ((await backends()) === 1 ? true : undefined));
  socket.resetAndDestroy();
  await until("the upstream session has ended", async () => ((await backends()) === 0 ? true : undefined));
  expect(await stillServes()).toEqual(served);
});

test("a client that vanishes inside of a large answer that it does not read", async () => {
  const socket = await rawLogin(freshet.connection, "vanisher");
  socket.pause();
  socket.write(encodeQuery("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"));
  await until("the query runs", async () => ((await backends()) === 1 ? true : undefined));
  socket.destroy();
  await until("the upstream session has ended", async () => ((await backends()) === 0 ? true : undefined));
  expect(await stillServes()).toEqual(served);
});

test("200 connections are opened and closed, and nothing is left of them", async () => {
  for (let round = 0; round < 4; round++) {
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => TextClient.connect(freshet.connection, { application_name: "vanisher" })),
    );
    const answers = await Promise.all(clients.map((client) => client.rows(query)));
    expect(answers.every((rows) => rows[0]?.[0] === "7")).toBe(true);
    await Promise.all(clients.map((client) => client.end()));
  }
  await until("no upstream session is left", async () => ((await backends()) === 0 ? true : undefined));
  await until("no client is counted", async () => {
    const metrics = (await adminStatus(freshet.adminUrl, "/metrics")).body;
    return /^freshet_clients 0$/m.test(metrics) ? true : undefined;
  });
});
