import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, startPostgres } from "@freshet/postgres";
import { type SqlClient, openSql } from "./sql-client.ts";

/**
 * Durable as PostgreSQL is by default (fsync, synchronous_commit and full_page_writes are on), with memory for all tables and
 * without checkpoints in the middle of a measurement.
 */
export const upstreamSettings: Readonly<Record<string, string>> = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  shared_buffers: "1GB",
  max_wal_size: "8GB",
  checkpoint_timeout: "30min",
  max_connections: "200",
};

/** The benchmark's own PostgreSQL, which takes its data with it when it stops. */
export interface Upstream extends Connection {
  readonly url: string;
  readonly psqlEnv: Readonly<Record<string, string>>;
  /** The postmaster. */
  readonly pid: number;
  readonly version: string;
  /** A session without any proxy. */
  readonly sql: SqlClient;
  stop(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  const dataDir = await mkdtemp(join(tmpdir(), "freshet-bench-postgres-"));
  const server = await startPostgres({ dataDir, settings: upstreamSettings, database: "bench" }).catch(
    async (thrown: unknown) => {
      await rm(dataDir, { recursive: true, force: true });
      throw thrown;
    },
  );
  try {
    const sql = await openSql(server);
    const [pid = ""] = (await readFile(join(dataDir, "data", "postmaster.pid"), "utf8")).split("\n");
    const version = await sql.value("SELECT current_setting('server_version')");
    const stop = async (): Promise<void> => {
      await sql.close();
      await server.stop();
    };
    return { ...server, pid: Number(pid), version, sql, stop };
  } catch (thrown) {
    await server.stop();
    throw thrown;
  }
}
