import { FreshetError, now, sleep, SqlState } from "@freshet/base";
import type { SnapshotProgress, SnapshotSink } from "@freshet/contract";
import type { Client } from "pg";
import type { CatalogTable } from "./catalog.ts";
import type { ExportedSnapshot } from "./exported-snapshot.ts";
import { SnapshotExport } from "./exported-snapshot.ts";
import type { ResolvedOptions } from "./options.ts";
import { publishTables, unpublishTables } from "./publication.ts";
import { requireReplicable } from "./replica-identity.ts";
import { copyTable, takeOverSnapshot } from "./table-copy.ts";
import type { TrackedTables } from "./tracked-tables.ts";
import { openSession, withSession } from "./upstream.ts";

const PARALLEL_COPIES = 2;
const SNAPSHOT_ATTEMPTS = 5;
const HOLD_POLL_MS = 100;

export interface LoaderParts {
  readonly options: ResolvedOptions;
  readonly publication: string;
  readonly tables: TrackedTables;
  /** Since when (monotonic ms) the stream waits for a pending table; null: it does not. */
  readonly heldSince: () => number | null;
  readonly signal: AbortSignal;
}

/**
 * Adds tables while the stream goes on. Why nothing is lost and nothing comes twice:
 *
 * 1. ALTER PUBLICATION commits at A. Only then the temporary slot is asked for. Its consistent point C is
 *    reached when every transaction that ran at its creation has ended, so a transaction whose commit
 *    record starts at or after C wrote its first change after A, and the main walsender decodes it with
 *    the table in the publication. (Of one that ran across A the walsender may leave out changes; it ends
 *    before C, so the snapshot has all of it.)
 * 2. The slot's exported snapshot holds exactly the commits whose record starts before C.
 * 3. The table is tracked, as pending, from before the slot is asked for. A commit at or after C reaches us
 *    after that, since pgoutput sends a transaction only once it has committed: all its changes are kept.
 * 4. A stream item with changes of a pending table waits at the gate (delivery.ts), and with it all that
 *    follows, until `begin` has resolved. The gate then lets through what starts at or after C and takes
 *    the rest out. So the sink sees `begin` first, and from C on everything once, in order.
 *
 * Only items that hold changes of a pending table wait: other tables' stream goes on as long as the table
 * is not written. As the slot waits for running transactions, a hold could last as long as they do. It
 * is bounded: after `holdLimitMs` the table is untracked, which lets the stream go on without its
 * changes, and the attempt is repeated from 3.
 */
export async function loadTables(
  parts: LoaderParts,
  oids: readonly number[],
  sink: SnapshotSink,
  progress: (progress: SnapshotProgress) => void,
): Promise<void> {
  const { options, publication } = parts;
  await withSession(options.url, async (session) => {
    const tables = await requireReplicable(session, oids, options.setReplicaIdentity);
    const schemas = tables.map((table) => table.schema);
    const added = await publishTables(session, publication, schemas);
    try {
      await loadPublished(parts, session, tables, sink, progress);
    } catch (error) {
      for (const oid of oids) parts.tables.remove(oid);
      // Best effort: a table that stays published costs bandwidth, not correctness; the first error tells more.
      await unpublishTables(
        session,
        publication,
        added.map((table) => table.oid),
      ).catch((cause: unknown) =>
        options.logger.warn({ error: cause }, "tables could not be taken out of the publication"),
      );
      throw error;
    }
  });
}

async function loadPublished(
  parts: LoaderParts,
  session: Client,
  tables: readonly CatalogTable[],
  sink: SnapshotSink,
  progress: (progress: SnapshotProgress) => void,
): Promise<void> {
  const { exporting, snapshot } = await establish(parts, session, tables);
  const copiers: Client[] = [];
  const abort = (): void => {
    for (const copier of copiers) void copier.end();
  };
  parts.signal.addEventListener("abort", abort);
  try {
    parts.signal.throwIfAborted();
    for (let count = Math.min(PARALLEL_COPIES, tables.length); count > 0; count--) {
      const copier = await openSession(parts.options.url);
      copiers.push(copier);
      await takeOverSnapshot(copier, snapshot.name);
    }
    await exporting.close();
    for (const { schema } of tables) {
      await sink.begin(schema, snapshot.lsn);
      parts.tables.begun(schema.oid, snapshot.lsn);
    }
    parts.signal.throwIfAborted();
    await copyAll(parts, copiers, tables, sink, progress);
  } finally {
    parts.signal.removeEventListener("abort", abort);
    await exporting.close();
    for (const copier of copiers) await copier.end();
  }
}

/** Each session copies the next table that is left; after a failure no further one is begun. */
async function copyAll(
  parts: LoaderParts,
  copiers: readonly Client[],
  tables: readonly CatalogTable[],
  sink: SnapshotSink,
  progress: (progress: SnapshotProgress) => void,
): Promise<void> {
  const left = [...tables];
  const work = async (copier: Client): Promise<void> => {
    try {
      for (let table = left.shift(); table !== undefined; table = left.shift()) {
        await copyTable(copier, table, parts.options.snapshotBatchBytes, sink, progress);
      }
    } catch (error) {
      left.length = 0;
      throw error;
    }
  };
  const results = await Promise.allSettled(copiers.map(work));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** Tracks the tables and makes the snapshot, in as many attempts as the bound on holding the stream takes. */
async function establish(
  parts: LoaderParts,
  session: Client,
  tables: readonly CatalogTable[],
): Promise<{ readonly exporting: SnapshotExport; readonly snapshot: ExportedSnapshot }> {
  for (let attempt = 1; attempt <= SNAPSHOT_ATTEMPTS; attempt++) {
    const exporting = await SnapshotExport.open(parts.options.url, parts.options.instance);
    for (const { schema } of tables) parts.tables.addPending(schema);
    try {
      const snapshot = await createWithin(parts, session, exporting);
      if (snapshot !== undefined) return { exporting, snapshot };
    } catch (error) {
      await exporting.close();
      throw error;
    }
    await exporting.close();
    for (const { schema } of tables) parts.tables.remove(schema.oid);
    parts.options.logger.warn({ attempt }, "a snapshot waits for long-running transactions; trying again later");
    await sleep(parts.options.holdLimitMs, parts.signal);
  }
  const names = tables.map(({ schema }) => `${schema.schema}.${schema.name}`).join(", ");
  throw new FreshetError(SqlState.objectInUse, `no consistent snapshot of ${names} could be taken`, {
    detail: "Transactions that run for long kept it from being established while the table was written.",
    hint: "End them (see pg_stat_activity) and try again.",
  });
}

/** Undefined when the stream was held for too long before the snapshot was there. */
async function createWithin(
  parts: LoaderParts,
  session: Client,
  exporting: SnapshotExport,
): Promise<ExportedSnapshot | undefined> {
  const done = new AbortController();
  const watching = watchHold(parts, session, exporting, done.signal);
  // Awaited below; until then nobody listens.
  watching.catch(() => undefined);
  try {
    return await exporting.create();
  } catch (error) {
    done.abort();
    parts.signal.throwIfAborted();
    if (await watching) return undefined;
    throw error;
  } finally {
    done.abort();
    await watching;
  }
}

/** Ends the wait for the snapshot when it holds the stream for too long; says whether it did. */
async function watchHold(
  parts: LoaderParts,
  session: Client,
  exporting: SnapshotExport,
  done: AbortSignal,
): Promise<boolean> {
  while (!done.aborted) {
    const held = parts.heldSince();
    if (parts.signal.aborted || (held !== null && now() - held > parts.options.holdLimitMs)) {
      await exporting.giveUp(session);
      return true;
    }
    // Rejects when it is done, which the loop's condition sees.
    await sleep(HOLD_POLL_MS, done).catch(() => undefined);
  }
  return false;
}
