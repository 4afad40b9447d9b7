import { once } from "node:events";
import { createConnection } from "node:net";
import { withClient } from "@freshet/postgres";
import type { Connection } from "@freshet/postgres";
import { assert, now, sleep } from "@freshet/base";
import { encodeStartupMessage } from "@freshet/wire";
import fc from "fast-check";
import type pg from "pg";
import { frontendMessage, startupPacket, stream } from "./streams.ts";

/** How long one hostile client may be there. */
const CLIENT_MS = 300;
const CLIENTS = 20;

/** How long the upstream may take to see that they are gone. */
const GONE_MS = 30_000;

/** Connections of clients that the upstream has, as texts that say what they do; Freshet's own tell their name. */
async function clientConnections(upstream: pg.Client): Promise<string[]> {
  const { rows } = await upstream.query<{ what: string }>(
    `SELECT concat_ws(' ', pid, usename, state, wait_event, query) AS what FROM pg_stat_activity
      WHERE backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid() AND application_name NOT LIKE 'freshet%'`,
  );
  return rows.map(({ what }) => what);
}

/** Waits until no client's connection is left; rejects when some stay. */
export async function untilGone(upstream: pg.Client): Promise<void> {
  const limit = now() + GONE_MS;
  for (let left = await clientConnections(upstream); left.length > 0; left = await clientConnections(upstream)) {
    assert(now() < limit, `connections to upstream stay behind: ${left.join("; ")}`);
    await sleep(20);
  }
}

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
