import type { ReplicationOrigin } from "@freshet/contract";
import type { Lsn } from "@freshet/values";
import { formatLsn, maxLsn } from "@freshet/values";
import type { Client } from "pg";
import { readCatalog } from "./catalog.ts";
import type { InstanceNames } from "./names.ts";
import { publishedTables } from "./publication.ts";
import type { ServerFacts } from "./server-check.ts";
import { readSlot } from "./slot.ts";
import { whyNotInHistory } from "./timeline.ts";

export interface ResumePoint {
  readonly origin: ReplicationOrigin;
  /** Everything up to here is applied. */
  readonly lsn: Lsn;
  /** The state depends on nothing in the log behind it; null: it may, on anything. */
  readonly seen: Lsn | null;
  readonly tables: readonly number[];
}

/** Why the stream cannot be resumed without a gap; undefined when it can. */
export async function whyNotResumable(
  session: Client,
  facts: ServerFacts,
  names: InstanceNames,
  point: ResumePoint,
): Promise<string | undefined> {
  const { origin, lsn, seen } = point;
  if (origin.systemIdentifier !== facts.systemIdentifier) return "the upstream is another database system";
  const divergence = whyNotInHistory(facts, origin.timeline, seen === null ? facts.walLsn + 1n : maxLsn(lsn, seen));
  if (divergence !== undefined) return divergence;
  if (origin.databaseOid !== facts.databaseOid) return "the database is another one";
  if (origin.slotName !== names.slot) return `the state belongs to slot "${origin.slotName}"`;
  if (lsn > facts.walLsn) return `the upstream's log ends before ${formatLsn(lsn)}`;
  const slot = await readSlot(session, names.slot);
  if (slot === null) return `replication slot "${names.slot}" is gone`;
  if (!slot.usable) return `replication slot "${names.slot}" was invalidated`;
  if (slot.confirmedLsn === null || slot.confirmedLsn > lsn) {
    return `replication slot "${names.slot}" has moved past ${formatLsn(lsn)}`;
  }
  return whyNotPublished(session, names, point.tables);
}

/** A table that was unpublished meanwhile has changes that the stream lacks; a dropped one has none. */
async function whyNotPublished(
  session: Client,
  names: InstanceNames,
  oids: readonly number[],
): Promise<string | undefined> {
  const existing = await readCatalog(session, oids);
  const published = await publishedTables(session, names.publication, oids);
  for (const table of existing.values()) {
    if (!published.has(table.schema.oid)) {
      return `table "${table.schema.schema}.${table.schema.name}" was taken out of publication "${names.publication}"`;
    }
  }
  return undefined;
}
