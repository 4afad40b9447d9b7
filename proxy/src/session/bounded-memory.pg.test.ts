import { setTimeout as delay } from "node:timers/promises";
import { encodeCopyData, encodeCopyDone, encodeQuery, readyForQuery } from "@freshet/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PooledProxy, startPooledProxy } from "./testing/pooled-postgres.ts";
import { type ProxiedPostgres, startProxiedPostgres } from "./testing/proxied-postgres.ts";
import { RawClient, errorOf, types } from "./testing/raw-client.ts";
import { query, rowsOf } from "./testing/statements.ts";

/** What may be held for one client, whatever it does. */
const BOUND = 1 << 20;
const MEBIBYTES = 64;
const READY = readyForQuery("I");

let proxied: ProxiedPostgres;
let pooled: PooledProxy;

beforeAll(async () => {
  proxied = await startProxiedPostgres();
  pooled = await startPooledProxy(proxied.upstream, { poolMode: "transaction" });
});
afterAll(async () => {
  await pooled.stop();
  await proxied.stop();
});

interface Side {
  readonly port: number;
  readonly server: { readonly bufferedBytes: number };
}

/** Samples what is held until `work` is done. */
async function mostHeld(side: Side, work: Promise<unknown>): Promise<number> {
  let [most, isDone] = [0, false];
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    most = Math.max(most, side.server.bufferedBytes);
    await Promise.race([done, delay(1)]);
  }
  await done;
  return most;
}

/** Reads to the end of an answer with pauses; returns how many bytes it had. */
function readSlowly({ socket }: RawClient): Promise<number> {
  socket.removeAllListeners("data").pause();
  let [bytes, chunks, end] = [0, 0, Buffer.alloc(0)];
  const rest = (milliseconds: number): void => {
    socket.pause();
    setTimeout(() => socket.resume(), milliseconds);
  };
  return new Promise((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      chunks += 1;
      end = Buffer.concat([end, chunk.subarray(-6)]).subarray(-6);
      if (end.equals(READY)) resolve(bytes);
      else if (chunks % 50 === 0) rest(2);
    });
    // The server and the proxy have time to run ahead.
    rest(200);
  });
}

describe.each(["a connection of its own", "a pool"])("through %s", (which) => {
  const open = async (): Promise<{ side: Side; client: RawClient }> => {
    const side = which === "a pool" ? pooled : proxied;
    return { side, client: await RawClient.login(side.port, proxied.upstream) };
  };

  it("COPY to a client that reads slowly is held back upstream", async () => {
    const { side, client } = await open();
    client.send(encodeQuery(`COPY (SELECT repeat('x', 1023) FROM generate_series(1, ${MEBIBYTES * 1024})) TO STDOUT`));
    const reading = readSlowly(client);
    expect(await mostHeld(side, reading)).toBeLessThan(BOUND);
    expect(await reading).toBeGreaterThan(MEBIBYTES << 20);
    client.close();
  });

  it("COPY from a client that is faster than the server is held back at the client", async () => {
    const { side, client } = await open();
    const blocker = await RawClient.login(proxied.port, proxied.upstream);
    const table = which === "a pool" ? "copied_pooled" : "copied";
    await query(client, `CREATE UNLOGGED TABLE ${table} (a text)`);
    await query(blocker, `BEGIN; LOCK TABLE ${table}`);
    const chunk = encodeCopyData(Buffer.from(`${"y".repeat(1023)}\n`.repeat(64)));
    client.send(encodeQuery(`COPY ${table} FROM STDIN`));
    const sending = (async (): Promise<void> => {
      for (let count = 0; count < MEBIBYTES * 16; count++)
        if (!client.socket.write(chunk)) await new Promise((resolve) => client.socket.once("drain", resolve));
      client.send(encodeCopyDone());
      expect(types(await client.untilReady())).toBe("GCZ");
    })();
    const held = mostHeld(side, sending);
    await delay(200);
    await query(blocker, "COMMIT");
    expect(await held).toBeLessThan(BOUND);
    expect(rowsOf(await query(client, `SELECT count(*) FROM ${table}`))).toEqual([String(MEBIBYTES * 1024)]);
    for (const one of [client, blocker]) one.close();
  });

  it("one row of any size passes in pieces", async () => {
    const { side, client } = await open();
    client.send(encodeQuery(`SELECT repeat('z', ${MEBIBYTES << 20})`));
    const reading = readSlowly(client);
    expect(await mostHeld(side, reading)).toBeLessThan(BOUND);
    expect(await reading).toBeGreaterThan(MEBIBYTES << 20);
    client.close();
  });

  it("one statement of any size passes in pieces", async () => {
    const { side, client } = await open();
    const sending = (async (): Promise<void> => {
      const text = Buffer.alloc(16 << 20, "w");
      client.send(encodeQuery(`SELECT length('${text.toString("latin1")}')`));
      expect(rowsOf(await client.untilReady())).toEqual([String(text.length)]);
    })();
    expect(await mostHeld(side, sending)).toBeLessThan(BOUND);
    client.close();
  });

  it("statements that are never read the answers of are held back", async () => {
    const { side, client } = await open();
    client.socket.pause();
    const one = encodeQuery("SELECT repeat('v', 100000)");
    for (let count = 0; count < 500; count++) client.socket.write(one);
    expect(await mostHeld(side, delay(500))).toBeLessThan(BOUND);
    client.socket.resume();
    for (let count = 0; count < 500; count++) expect(errorOf(await client.untilReady())).toBe("no error");
    client.close();
  });
});
