import { must, randomId } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import { parseLsn } from "@freshet/values";
import type { Client } from "pg";
import { explainSlotError } from "./slot.ts";
import { openReplicationSession, quoteIdentifier } from "./upstream.ts";

/** A snapshot of the database at an exact place in the stream; holds as long as its session is left alone. */
export interface ExportedSnapshot {
  readonly name: string;
  /** Commits whose record starts below it are in the snapshot, the others are not. */
  readonly lsn: Lsn;
  /** To be called when every session that needs the snapshot has taken it over. */
  release(): Promise<void>;
}

/**
 * Makes a temporary slot and exports its snapshot. PostgreSQL waits for the transactions that run now;
 * `giveUp` ends the wait.
 */
export class SnapshotExport {
  readonly #client: Client;
  readonly #pid: number;
  readonly #slot: string;

  private constructor(client: Client, pid: number, slot: string) {
    this.#client = client;
    this.#pid = pid;
    this.#slot = slot;
  }

  static async open(url: string, instance: string): Promise<SnapshotExport> {
    const client = await openReplicationSession(url);
    try {
      const answer = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      return new SnapshotExport(client, must(answer.rows[0]).pid, `${instance}_copy_${randomId(4)}`);
    } catch (error) {
      await client.end();
      throw error;
    }
  }

  async create(): Promise<ExportedSnapshot> {
    try {
      const answer = await this.#client.query<{ consistent_point: string; snapshot_name: string }>(
        `CREATE_REPLICATION_SLOT ${quoteIdentifier(this.#slot)} TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT`,
      );
      const row = must(answer.rows[0]);
      return {
        name: row.snapshot_name,
        lsn: must(parseLsn(row.consistent_point), "a slot has a consistent point"),
        release: () => this.close(),
      };
    } catch (error) {
      throw explainSlotError(error);
    }
  }

  /** A backend that waits for transactions does not notice that its client left: it must be told. */
  async giveUp(session: Client): Promise<void> {
    await session.query("SELECT pg_cancel_backend($1)", [this.#pid]);
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}
