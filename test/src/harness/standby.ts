import { existsSync } from "node:fs";
import { chown, cp, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { must } from "@freshet/base";
import { type PostgresServer, startPostgres, withClient } from "@freshet/postgres";
import pg from "pg";
import { until } from "../faults/support.ts";

/** A primary whose data folder is known, so that standbys can be made of it. */
export interface Primary extends PostgresServer {
  readonly dataDir: string;
}

/** What a standby needs of its primary: WAL that is kept for it, and settings that it can take over. */
const SETTINGS = { wal_keep_size: "256MB", hot_standby: "on", autovacuum: "off" };

/** The role that standbys stream with: without its LOGIN they are cut off. */
export const STREAMER = "streamer";

export async function startPrimary(): Promise<Primary> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "freshet-primary-"));
  const server = await startPostgres({ dataDir, settings: SETTINGS });
  await withClient(server, (client) =>
    client.query(`CREATE ROLE ${STREAMER} LOGIN REPLICATION PASSWORD '${STREAMER}'`),
  );
  return { ...server, dataDir };
}

/** A hot standby that streams from the primary, made from a copy of its files. */
export async function startStandby(
  primary: Primary,
  settings: Readonly<Record<string, string>> = {},
): Promise<Primary> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "freshet-standby-"));
  const data = path.join(dataDir, "data");
  const client = new pg.Client(primary.url);
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', true)");
    await cp(path.join(primary.dataDir, "data"), data, {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
      // The log comes over the wire.
      filter: (file) =>
        !/\/postmaster\.(pid|opts)$|\/pg_replslot\/.|\/pg_wal\/[0-9A-F]{24}$/.test(file) && existsSync(file),
    });
    const label = await client.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop(false)");
    await writeFile(path.join(data, "backup_label"), must(label.rows[0]).labelfile);
    await writeFile(path.join(data, "standby.signal"), "");
    await own(path.join(primary.dataDir, "data"), data);
  } finally {
    await client.end();
  }
  const { host, port } = primary;
  try {
    // The database is for slots that are synchronised.
    const conninfo = `host=${host} port=${port} user=${STREAMER} password=${STREAMER} dbname=postgres`;
    const server = await startPostgres({ dataDir, settings: { ...SETTINGS, ...settings, primary_conninfo: conninfo } });
    return { ...server, dataDir };
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
}

/** The server runs as the user that the primary's files belong to. */
async function own(model: string, folder: string): Promise<void> {
  const { uid, gid } = await stat(model);
  for (const entry of await readdir(folder, { recursive: true })) await chown(path.join(folder, entry), uid, gid);
  await chown(folder, uid, gid);
}

/** Waits until the standby has replayed all that is committed on the primary. */
export async function caughtUp(primary: pg.Client, standby: pg.Client): Promise<void> {
  const { rows } = await primary.query<{ lsn: string }>("SELECT pg_current_wal_lsn()::text AS lsn");
  const { lsn } = must(rows[0]);
  await until("the standby has caught up", async () => {
    const replayed = await standby.query<{ ok: boolean }>("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS ok", [lsn]);
    return must(replayed.rows[0]).ok ? true : undefined;
  });
}
