import { packRow } from "@freshet/values";
import { Client } from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { copyOut } from "./copy-out.ts";
import type { Answer, FakeServer } from "./testing/fake-server.ts";
import { commandComplete, message, readyForQuery, startFakeServer } from "./testing/fake-server.ts";

const HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const TRAILER = Buffer.from([0xff, 0xff]);
const TUPLE = Buffer.concat([Buffer.from([0, 1]), packRow([Buffer.alloc(100, 1)])]);
const copyResponse = message("H", Buffer.from([1, 0, 1, 0, 1]));
const copyDone = message("c");

let server: FakeServer | undefined;
let client: Client | undefined;
afterEach(async () => {
  await client?.end();
  await server?.stop();
});

async function connected(answer: Answer): Promise<Client> {
  server = await startFakeServer(answer);
  client = new Client({ connectionString: server.url });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function rowsOf(connection: Client, batchBytes: number): Promise<number> {
  let rows = 0;
  for await (const batch of copyOut(connection, "COPY", 1, batchBytes)) {
    rows += batch.rows;
    // A turn of the event loop: the socket may be paused meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return rows;
}

describe("copyOut", () => {
  it("leaves the session usable when rows and the end of the copy share a chunk", async () => {
    const data = [HEADER, ...Array.from({ length: 200 }, () => TUPLE), TRAILER].map((bytes) => message("d", bytes));
    const all = Buffer.concat([copyResponse, ...data, copyDone, commandComplete("COPY 200"), readyForQuery]);
    const connection = await connected((query) =>
      query === "COPY" ? all : Buffer.concat([commandComplete("SET"), readyForQuery]),
    );
    // Batches of two rows: the socket is paused long before the end of the chunk.
    expect(await rowsOf(connection, 200)).toBe(200);
    expect((await connection.query("SET x")).command).toBe("SET");
    expect(await rowsOf(connection, 200)).toBe(200);
  });

  it("leaves the session usable when the end comes after a pause", async () => {
    const connection = await connected((query, socket) => {
      if (query !== "COPY") return Buffer.concat([commandComplete("SET"), readyForQuery]);
      const data = [HEADER, ...Array.from({ length: 50 }, () => TUPLE)].map((bytes) => message("d", bytes));
      socket.write(Buffer.concat([copyResponse, ...data]));
      setImmediate(() =>
        socket.write(Buffer.concat([message("d", TRAILER), copyDone, commandComplete("COPY 50"), readyForQuery])),
      );
      return undefined;
    });
    expect(await rowsOf(connection, 200)).toBe(50);
    expect((await connection.query("SET x")).command).toBe("SET");
  });

  it("rejects when the connection ends within the copy, or the data is no copy", async () => {
    const cut = await connected((_query, socket) => {
      socket.end(Buffer.concat([copyResponse, message("d", HEADER), message("d", TUPLE)]));
      return undefined;
    });
    await expect(rowsOf(cut, 1 << 16)).rejects.toThrow(/terminated/);
    await server?.stop();
    const garbage = await connected(() => Buffer.concat([copyResponse, message("d", Buffer.alloc(64))]));
    await expect(rowsOf(garbage, 1 << 16)).rejects.toThrow(/no signature/);
  });

  it("ends the connection when nobody reads on", async () => {
    const data = [HEADER, ...Array.from({ length: 200 }, () => TUPLE)].map((bytes) => message("d", bytes));
    const connection = await connected(() => Buffer.concat([copyResponse, ...data]));
    for await (const batch of copyOut(connection, "COPY", 1, 200)) {
      expect(batch.rows).toBeGreaterThan(0);
      break;
    }
    await expect(connection.query("SET x")).rejects.toThrow(/terminated|not queryable/);
  });
});
