import { must, now, quoteIdentifier, randomId, sleep } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import { parseLsn } from "@freshet/values";
import type { Client } from "pg";
import { explainSlotError } from "./slot.ts";
import { type Upstream, openReplicationSession } from "./upstream.ts";

const POLL_MS = 100;

/** A snapshot of the database at an exact place in the stream. */
export interface ExportedSnapshot {
  readonly name: string;
  /** Commits whose record starts below it are in the snapshot, the others are not. */
  readonly lsn: Lsn;
  /** To be called when every session that needs the snapshot has taken it over. */
  release(): Promise<void>;
}

export interface ExportParts {
  readonly url: Upstream;
  readonly instance: string;
  /** An ordinary session at leisure, from which the wait can be cancelled. */
  readonly session: Client;
  /** Since when (monotonic ms) the stream is held for this snapshot; null: it is not. */
  readonly heldSince: () => number | null;
  readonly holdLimitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Makes a temporary slot and exports its snapshot. PostgreSQL waits for the transactions that run now;
 * undefined when that held the stream for too long.
 */
export async function exportSnapshot(parts: ExportParts): Promise<ExportedSnapshot | undefined> {
  const client = await openReplicationSession(parts.url);
  const done = new AbortController();
  let watching: Promise<boolean> = Promise.resolve(false);
  try {
    const { pid } = must((await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]);
    watching = watchHold(parts, pid, done.signal);
    // Awaited below; until then nobody listens.
    watching.catch(() => undefined);
    return await createSlot(client, parts.instance);
  } catch (error) {
    done.abort();
    await client.end();
    parts.signal.throwIfAborted();
    if (await watching) return undefined;
    throw explainSlotError(error);
  } finally {
    done.abort();
    await watching;
  }
}

async function createSlot(client: Client, instance: string): Promise<ExportedSnapshot> {
  const slot = quoteIdentifier(`${instance}_copy_${randomId(4)}`);
  const answer = await client.query<{ consistent_point: string; snapshot_name: string }>(
    `CREATE_REPLICATION_SLOT ${slot} TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT`,
  );
  const row = must(answer.rows[0]);
  return {
    name: row.snapshot_name,
    lsn: must(parseLsn(row.consistent_point), "a slot has a consistent point"),
    release: () => client.end(),
  };
}

/**
 * Ends the wait when it holds the stream for too long; says whether it did. The backend must be told: while
 * it waits for transactions it does not notice that its client has left.
 */
async function watchHold(parts: ExportParts, pid: number, done: AbortSignal): Promise<boolean> {
  while (!done.aborted) {
    const held = parts.heldSince();
    if (parts.signal.aborted || (held !== null && now() - held > parts.holdLimitMs)) {
      await parts.session.query("SELECT pg_cancel_backend($1)", [pid]);
      return true;
    }
    // Rejects when it is done, which the loop's condition sees.
    await sleep(POLL_MS, done).catch(() => undefined);
  }
  return false;
}
