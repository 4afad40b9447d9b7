import { once } from "node:events";
import { Socket } from "node:net";
import { startPostgres } from "@freshet/postgres";
import type { Connection, PostgresServer } from "@freshet/postgres";
import { encodeBind, encodeCancelRequest, encodeExecute, encodeParse, encodeQuery, encodeSync } from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { rawLogin } from "../faults/raw-login.ts";
import { adminStatus, barrier, cachedRows, lastStatement, TextClient, until } from "../faults/support.ts";

const ROWS = 100_000;
const LARGE = "SELECT id, kind, amount, price, at, day, name FROM items WHERE kind = 1 ORDER BY id";
const SMALL = "SELECT name FROM items WHERE id = 7";

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;
let proxied: TextClient;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows(`
    CREATE TABLE items (id int PRIMARY KEY, kind int, amount float8, price numeric, at timestamptz, day date, name text);
    INSERT INTO items SELECT i, 1, i / 8.0, i * 1.25, timestamptz '2024-01-01Z' + i * interval '1 minute', date '2000-01-01' + i % 9999, 'item ' || i
      FROM generate_series(1, ${ROWS}) i;
  `);
  freshet = await FreshetProcess.start({ upstream: server, instance: "large" });
  await until("replication runs", async () =>
    (await adminStatus(freshet.adminUrl, "/readyz")).status === 200 ? true : undefined,
  );
  proxied = await TextClient.connect(freshet.connection);
  await proxied.rows(`CREATE CACHE large FROM ${LARGE}`);
  await proxied.rows(`CREATE CACHE small FROM ${SMALL}`);
  await cachedRows(proxied, LARGE);
  await cachedRows(proxied, SMALL);
});

afterAll(async () => {
  await proxied.end();
  await upstream.end();
  await freshet.remove();
  await server.stop();
});

/** Bytes of the answers up to so many ReadyForQuery messages. */
async function answers(socket: Socket, request: Buffer, ready: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let rest: Buffer = Buffer.alloc(0);
  let seen = 0;
  const complete = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      rest = Buffer.concat([rest, chunk]);
      let at = 0;
      while (at + 5 <= rest.length && at + 1 + rest.readInt32BE(at + 1) <= rest.length) {
        if (rest[at] === 0x5a) seen++;
        at += 1 + rest.readInt32BE(at + 1);
      }
      rest = rest.subarray(at);
      if (seen === ready) resolve();
    });
  });
  if (request.length > 0) socket.write(request);
  socket.resume();
  await complete;
  return Buffer.concat(chunks);
}

async function exchanged(connection: Connection, request: Buffer, ready: number): Promise<Buffer> {
  const socket = await rawLogin(connection);
  try {
    return await answers(socket, request, ready);
  } finally {
    socket.destroy();
  }
}

function execution(text: string, format: number, ...limits: readonly number[]): Buffer {
  const bind = encodeBind({ portal: "", statement: "", formats: [], values: [], resultFormats: [format] });
  return Buffer.concat([encodeParse("", text), bind, ...limits.map((limit) => encodeExecute("", limit)), encodeSync()]);
}

test.each([
  ["simple", encodeQuery(LARGE), 1],
  ["text", execution(LARGE, 0, 0), 1],
  ["binary", execution(LARGE, 1, 0), 1],
  ["row limits", execution(LARGE, 0, 10, 30_000, 1, 60_000, 0), 1],
  ["pipelined", Buffer.concat([execution(SMALL, 0, 0), execution(LARGE, 1, 0), execution(SMALL, 0, 0)]), 3],
  ["behind what goes upstream", Buffer.concat([execution("SELECT 1", 0, 0), execution(LARGE, 0, 0)]), 2],
])("a large answer is PostgreSQL's, byte for byte: %s", async (_way, request, ready) => {
  const [ours, theirs] = [await exchanged(freshet.connection, request, ready), await exchanged(server, request, ready)];
  expect(ours.length).toBeGreaterThan(ROWS * 30);
  expect(ours.equals(theirs)).toBe(true);
});

test("a client that does not read may cancel the rest", async () => {
  const { host, port, user, password, database } = freshet.connection;
  const stalled = new Socket();
  const client = new pg.Client({ host, port, user, password, database, stream: () => stalled });
  await client.connect();
  const { processID, secretKey } = client as pg.Client & { readonly processID: number; readonly secretKey: number };
  const answer = client.query(LARGE).then(
    () => "complete",
    (thrown: unknown) => (thrown instanceof pg.DatabaseError ? thrown.code : "another error"),
  );
  await once(stalled, "data");
  stalled.pause();
  const secret = Buffer.alloc(4);
  secret.writeInt32BE(secretKey);
  const canceller = new Socket().connect({ host, port });
  canceller.end(encodeCancelRequest(processID, secret));
  await once(canceller.resume(), "close");
  stalled.resume();
  expect(await answer).toBe("57014");
  expect((await client.query<{ name: string }>(SMALL)).rows).toHaveLength(1);
  await client.end();
});

test("a client that does not read sees one state, while others are served and changes go on", async () => {
  const socket = await rawLogin(freshet.connection);
  const before = await exchanged(server, encodeQuery(LARGE), 1);
  socket.pause();
  socket.write(encodeQuery(LARGE));
  for (let round = 0; round < 20; round++) {
    await upstream.rows(`UPDATE items SET name = 'changed ${round}' WHERE id % 100 = 7`);
    await barrier(upstream, proxied);
    expect(await proxied.rows(SMALL)).toEqual([[`changed ${round}`]]);
    expect((await lastStatement(proxied))["destination"]).toBe("cache");
  }
  const got = answers(socket, Buffer.alloc(0), 1);
  expect((await got).equals(before)).toBe(true);
  socket.destroy();
});

test("a client that vanishes inside of a large answer leaves nothing behind", async () => {
  const socket = await rawLogin(freshet.connection);
  socket.write(encodeQuery(LARGE));
  await once(socket, "data");
  socket.resetAndDestroy();
  await until("one client is left", async () =>
    /^freshet_clients 1$/m.test((await adminStatus(freshet.adminUrl, "/metrics")).body) ? true : undefined,
  );
  expect(await proxied.rows(SMALL)).toEqual(await upstream.rows(SMALL));
});
