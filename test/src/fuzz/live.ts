import { once } from "node:events";
import { createConnection } from "node:net";
import { withClient } from "@freshet/postgres";
import type { Connection } from "@freshet/postgres";
import { assert } from "@freshet/base";
import { encodeStartupMessage } from "@freshet/wire";
import fc from "fast-check";
import { frontendMessage, startupPacket, stream } from "./streams.ts";

/** How long one hostile client may be there. */
const CLIENT_MS = 300;
const CLIENTS = 20;

/** A round of clients that send what they should not to the running program, before and after their login. */
export async function hostileRound(connection: Connection, seed: number): Promise<void> {
  const early = fc.sample(stream(startupPacket), { seed, numRuns: CLIENTS / 2 });
  const welcome = encodeStartupMessage(
    3 << 16,
    new Map([
      ["user", connection.user],
      ["database", connection.database],
    ]),
  );
  const late = fc.sample(stream(frontendMessage), { seed, numRuns: CLIENTS / 2 });
  await Promise.all(
    [...early, ...late.map((bytes) => Buffer.concat([welcome, bytes]))].map((bytes) => throwAt(connection, bytes)),
  );
  const { rows } = await withClient(connection, (client) => client.query<{ alive: number }>("SELECT 1 AS alive"));
  assert(rows[0]?.alive === 1, "the program serves other clients");
}

async function throwAt(connection: Connection, bytes: Buffer): Promise<void> {
  const socket = createConnection({ host: connection.host, port: connection.port });
  socket.on("error", () => socket.destroy());
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), CLIENT_MS);
  socket.end(bytes);
  await once(socket, "close");
  clearTimeout(timer);
}

/** Bytes of memory that the program has, by its own metrics. */
export async function residentBytes(adminUrl: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const found = /^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1];
  assert(found !== undefined, "the metrics tell the process's memory");
  return Number(found);
}
