import { FreshetError, must, now, quoteIdentifier, sleep, SqlState, SHORT_LOCK_WAITS } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import { parseLsn } from "@freshet/values";
import type { Client } from "pg";
import { type Upstream, asFreshetError, openReplicationSession, sqlState } from "./upstream.ts";

/** How long one attempt to make a slot may wait for running transactions. */
const SLOT_WAIT_MS = 5_000;
const CONFIGURATION_LIMIT_EXCEEDED = "53400";
const POLL_MS = 100;
/** The first version that synchronises slots to standbys. */
const FAILOVER_VERSION = 170000;

export interface SlotState {
  readonly active: boolean;
  readonly activePid: number | null;
  /** False when it cannot serve this database's stream: other plugin or database, physical, or invalidated. */
  readonly usable: boolean;
  readonly database: string | null;
  readonly confirmedLsn: Lsn | null;
  /** It is kept on standbys that synchronise slots; always false before PostgreSQL 17. */
  readonly failover: boolean;
}

/** Whether a slot can be kept on standbys, too. */
export function canFailOver(version: number): boolean {
  return version >= FAILOVER_VERSION;
}

export async function readSlot(session: Client, name: string): Promise<SlotState | null> {
  const answer = await session.query<{
    active: boolean;
    active_pid: number | null;
    usable: boolean;
    database: string | null;
    confirmed: string | null;
    failover: boolean;
  }>(
    `SELECT active, active_pid, database, confirmed_flush_lsn::text AS confirmed,
            COALESCE((to_jsonb(s)->>'failover')::boolean, false) AS failover,
            slot_type = 'logical' AND plugin = 'pgoutput' AND database = current_database()
            AND wal_status IS DISTINCT FROM 'lost' AND to_jsonb(s)->>'invalidation_reason' IS NULL AS usable
     FROM pg_replication_slots s WHERE slot_name = $1`,
    [name],
  );
  const row = answer.rows[0];
  if (row === undefined) return null;
  return {
    active: row.active,
    activePid: row.active_pid,
    usable: row.usable,
    database: row.database,
    confirmedLsn: row.confirmed === null ? null : must(parseLsn(row.confirmed)),
    failover: row.failover,
  };
}

/**
 * Waits until nobody uses the slot: the walsender of a predecessor that was killed lingers until it
 * notices. Rejects with 55006 when it is still in use after `limitMs`.
 */
export async function waitUntilFree(session: Client, name: string, limitMs: number): Promise<SlotState | null> {
  const deadline = now() + limitMs;
  for (;;) {
    const slot = await readSlot(session, name);
    if (slot === null || !slot.active) return slot;
    if (now() > deadline) {
      throw new FreshetError(
        SqlState.objectInUse,
        `replication slot "${name}" is in use by process ${slot.activePid}`,
        {
          detail: "Another Freshet with the same instance name follows this database.",
          hint: "Stop it, or give this one an instance name of its own.",
        },
      );
    }
    await sleep(POLL_MS);
  }
}

/** Makes a slot that nobody uses one that standbys keep, or one that they do not. */
export async function setFailover(url: Upstream, name: string, failover: boolean): Promise<void> {
  const client = await openReplicationSession(url);
  try {
    await client.query(`ALTER_REPLICATION_SLOT ${quoteIdentifier(name)} ( FAILOVER ${failover} )`);
  } finally {
    await client.end();
  }
}

/** Drops the slot if it is there, and makes it anew. Returns its consistent point. */
export async function recreateSlot(session: Client, name: string, waitMs: number, failover: boolean): Promise<Lsn> {
  const leftover = await waitUntilFree(session, name, waitMs);
  if (leftover !== null) {
    const here = await session.query<{ name: string }>("SELECT current_database() AS name");
    if (leftover.database !== must(here.rows[0]).name) {
      throw new FreshetError(
        SqlState.objectInUse,
        `replication slot "${name}" belongs to ${leftover.database === null ? "physical replication" : `database "${leftover.database}"`}`,
        { hint: "Give this Freshet an instance name of its own." },
      );
    }
    await session.query("SELECT pg_drop_replication_slot($1)", [name]);
  }
  try {
    // It waits for the transactions that run; each attempt begins to wait anew.
    await session.query(`SET lock_timeout = ${SLOT_WAIT_MS}`);
    const made = await session.query<{ lsn: string }>(
      `SELECT lsn::text AS lsn FROM pg_create_logical_replication_slot($1, 'pgoutput'${failover ? ", failover => true" : ""})`,
      [name],
    );
    await session.query(SHORT_LOCK_WAITS);
    return must(parseLsn(must(made.rows[0]).lsn), "a new slot has an LSN");
  } catch (error) {
    throw explainSlotError(error);
  }
}

/** Adds what would help to an error of making a slot. */
export function explainSlotError(error: unknown): unknown {
  switch (sqlState(error)) {
    case CONFIGURATION_LIMIT_EXCEEDED:
      return new FreshetError(SqlState.objectNotInPrerequisiteState, "the upstream has no free replication slot", {
        hint: "Raise max_replication_slots (Freshet needs two) and restart the upstream, or drop an unused slot.",
        cause: error,
      });
    case SqlState.insufficientPrivilege:
      return asFreshetError(error, "Run ALTER ROLE … REPLICATION for the role that Freshet connects as.");
    default:
      return error;
  }
}
