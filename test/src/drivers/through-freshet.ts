import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, withClient } from "@freshet/postgres";
import type { Connection, PostgresServer } from "@freshet/postgres";
import { readDocument } from "../docs/documents.ts";
import { FreshetProcess } from "../harness/freshet-process.ts";

/** On a database with the tables of the scenarios. */
export async function onFreshDatabase<T>(
  server: PostgresServer,
  work: (connection: Connection & { readonly url: string }) => Promise<T>,
): Promise<T> {
  // The same name each time, for it is part of some answers.
  const database = await createDatabase(server, "drivers");
  try {
    await withClient(database, async (client) => client.query(await readDocument("test/drivers/fixture.sql")));
    return await work(database);
  } finally {
    await database.drop();
  }
}

/** Through a Freshet with these caches. */
export function throughFreshet<T>(
  server: PostgresServer,
  caches: string,
  flags: readonly string[],
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return onFreshDatabase(server, async (upstream) => {
    const freshet = await FreshetProcess.start({ upstream, instance: "drivers", flags });
    try {
      await freshet.untilReady();
      const statements = caches.split(";\n").filter((text) => text.trim() !== "");
      await withClient(freshet.connection, async (client) => {
        for (const statement of statements) await client.query(statement);
      });
      return await work(freshet.connection);
    } finally {
      await freshet.terminate();
      await freshet.remove();
    }
  });
}

/** Through a Freshet whose clients share a few server connections, while another client passes them round. */
export async function throughPools<T>(
  server: PostgresServer,
  caches: string,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), "freshet-drivers-"));
  const pools = path.join(folder, "pools.toml");
  await writeFile(pools, 'pool_mode = "transaction"\ndefault_pool_size = 8\n');
  try {
    const flags = ["--auth-type", "scram-sha-256", "--pools", pools];
    return await throughFreshet(server, caches, flags, (connection) =>
      besideRivals(connection, () => work(connection)),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Works while two other clients, with settings of their own, take and give back server connections of the pool all the time. */
async function besideRivals<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const rivals = ["3MB", "5MB"].map((memory, index) =>
    withClient(connection, async (client) => {
      await client.query(`SET work_mem = '${memory}'`);
      await client.query(`SET TimeZone = 'Asia/Tokyo'`);
      while (!ended.signal.aborted) {
        const { rows } = await client.query<{ memory: string }>("SELECT current_setting('work_mem') AS memory");
        if (rows[0]?.memory !== memory) throw new Error(`a rival's work_mem is ${String(rows[0]?.memory)}`);
        await sleep(2 + index);
      }
    }),
  );
  const [result] = await Promise.all([work().finally(() => ended.abort()), ...rivals]);
  return result;
}
