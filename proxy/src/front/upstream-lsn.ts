import { must } from "@freshet/base";
import { type Lsn, parseLsn } from "@freshet/values";
import type { ControlConnection } from "../control/control-connection.ts";

/** The upstream's insert position at a moment after the call; calls that wait together share one query. */
export class UpstreamLsn {
  readonly #control: ControlConnection;
  #queued: Promise<Lsn> | null = null;

  constructor(control: ControlConnection) {
    this.#control = control;
  }

  current(): Promise<Lsn> {
    this.#queued ??= this.#ask();
    return this.#queued;
  }

  async #ask(): Promise<Lsn> {
    try {
      return await this.#control.exclusive(async (connection) => {
        // Whoever comes from here on might have been overtaken by a commit: they get a query of their own.
        this.#queued = null;
        const rows = await connection.query("SELECT pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text");
        return must(parseLsn(rows[0]?.[0] ?? ""), "pg_current_wal_insert_lsn() gives an LSN");
      });
    } catch (thrown) {
      this.#queued = null;
      throw thrown;
    }
  }
}
