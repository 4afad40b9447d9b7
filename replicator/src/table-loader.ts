import { FreshetError, isLockTimeout, sleep, SqlState } from "@freshet/base";
import type { SnapshotProgress, SnapshotSink } from "@freshet/contract";
import type { Client } from "pg";
import type { CatalogTable } from "./catalog.ts";
import { readCatalog } from "./catalog.ts";
import type { ExportedSnapshot } from "./exported-snapshot.ts";
import { exportSnapshot } from "./exported-snapshot.ts";
import type { ResolvedOptions } from "./options.ts";
import { publishTables, unpublishTables } from "./publication.ts";
import { requireReplicable } from "./replica-identity.ts";
import { copyTable, takeOverSnapshot } from "./table-copy.ts";
import type { TrackedTables } from "./tracked-tables.ts";
import { openSession, withSession } from "./upstream.ts";

const PARALLEL_COPIES = 2;
/** Sessions that hold locks at a snapshot; a partitioned table may have thousands of partitions. */
const MAX_COPIERS = 8;
const SNAPSHOT_ATTEMPTS = 5;
/** The same where the tables were locked, truncated or rewritten meanwhile, which costs an attempt less. */
const ATTEMPTS_OF_CHANGING_TABLES = 50;

export interface LoaderParts {
  readonly options: ResolvedOptions;
  readonly publication: string;
  readonly tables: TrackedTables;
  /** Since when (monotonic ms) the stream waits for a pending table; null: it does not. */
  readonly heldSince: () => number | null;
  readonly signal: AbortSignal;
}

/** Some tables and the session that copies them, at the snapshot and with the tables locked. */
interface Copier {
  readonly tables: readonly CatalogTable[];
  readonly session: Client;
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
 * 5. TRUNCATE and rewriting commands do not heed snapshots: one that commits after C, but before COPY has its
 *    lock, would make COPY see too few rows. So the table is locked in every copying session first, and
 *    its shape and file are then compared with those from before the slot was asked for. If they differ
 *    the attempt is void and repeated from 3, before the sink has heard of it.
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
    const added = await publishTables(
      session,
      publication,
      tables.map((table) => table.schema),
    );
    try {
      await loadPublished(parts, session, oids, sink, progress);
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
  oids: readonly number[],
  sink: SnapshotSink,
  progress: (progress: SnapshotProgress) => void,
): Promise<void> {
  const { snapshot, copiers } = await establish(parts, session, oids);
  const abort = (): void => {
    for (const copier of copiers) void copier.session.end();
  };
  parts.signal.addEventListener("abort", abort);
  try {
    await snapshot.release();
    parts.signal.throwIfAborted();
    for (const { schema } of copiers.flatMap(({ tables }) => tables)) {
      await sink.begin(schema, snapshot.lsn);
      parts.tables.begun(schema.oid, snapshot.lsn);
    }
    parts.signal.throwIfAborted();
    await copyAll(parts, copiers, sink, progress);
  } finally {
    parts.signal.removeEventListener("abort", abort);
    await closeAll(copiers);
  }
}

/** A few at a time; after a failure no further one is begun. Locks go as soon as a session's tables are copied. */
async function copyAll(
  parts: LoaderParts,
  copiers: readonly Copier[],
  sink: SnapshotSink,
  progress: (progress: SnapshotProgress) => void,
): Promise<void> {
  const left = [...copiers];
  const work = async (): Promise<void> => {
    try {
      for (let copier = left.shift(); copier !== undefined; copier = left.shift()) {
        for (const table of copier.tables)
          await copyTable(copier.session, table, parts.options.snapshotBatchBytes, sink, progress);
        await copier.session.end();
      }
    } catch (error) {
      left.length = 0;
      throw error;
    }
  };
  const results = await Promise.allSettled(Array.from({ length: PARALLEL_COPIES }, work));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

interface Established {
  readonly snapshot: ExportedSnapshot;
  readonly copiers: readonly Copier[];
}

/** Repeats attempts until one holds. */
async function establish(parts: LoaderParts, session: Client, oids: readonly number[]): Promise<Established> {
  let [held, changed] = [0, 0];
  while (held < SNAPSHOT_ATTEMPTS && changed < ATTEMPTS_OF_CHANGING_TABLES) {
    parts.signal.throwIfAborted();
    const outcome = await attemptSnapshot(parts, session, oids);
    if (typeof outcome !== "string") return outcome;
    if (outcome === "held too long") held++;
    else changed++;
    parts.options.logger.warn(
      { attempt: held + changed, reason: outcome },
      "a snapshot could not be taken; trying again",
    );
    for (const oid of oids) parts.tables.remove(oid);
    if (outcome === "held too long") await sleep(parts.options.holdLimitMs, parts.signal);
  }
  throw new FreshetError(SqlState.objectInUse, `no consistent snapshot could be taken in ${held + changed} attempts`, {
    detail: "Transactions that run for long, or commands that truncate or rewrite the tables, kept getting in the way.",
    hint: "End them (see pg_stat_activity) and try again.",
  });
}

async function attemptSnapshot(
  parts: LoaderParts,
  session: Client,
  oids: readonly number[],
): Promise<Established | "held too long" | "the tables changed" | "the tables were locked"> {
  const before = await requireReplicable(session, oids, false);
  for (const { schema } of before) parts.tables.addPending(schema);
  const { url, instance, holdLimitMs } = parts.options;
  const snapshot = await exportSnapshot({ ...parts, url, instance, holdLimitMs, session });
  if (snapshot === undefined) return "held too long";
  const copiers: Copier[] = [];
  let kept = false;
  try {
    for (const tables of shares(before, MAX_COPIERS)) {
      const copier = { tables, session: await openSession(url) };
      copiers.push(copier);
      await takeOverSnapshot(copier.session, snapshot.name, tables);
    }
    const after = await readCatalog(session, oids);
    kept = before.every((table) => sameTable(table, after.get(table.schema.oid)));
    return kept ? { snapshot, copiers } : "the tables changed";
  } catch (thrown) {
    if (!isLockTimeout(thrown)) throw thrown;
    return "the tables were locked";
  } finally {
    if (!kept) {
      await snapshot.release();
      await closeAll(copiers);
    }
  }
}

/** The items dealt out into at most `count` shares, none of them empty. */
function shares<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  const used = Math.min(count, items.length);
  return Array.from({ length: used }, (_unused, share) => items.filter((_item, index) => index % used === share));
}

function sameTable(before: CatalogTable, after: CatalogTable | undefined): boolean {
  return (
    after !== undefined && JSON.stringify([before.schema, before.file]) === JSON.stringify([after.schema, after.file])
  );
}

async function closeAll(copiers: readonly Copier[]): Promise<void> {
  for (const copier of copiers) await copier.session.end();
}
