import { must } from "@freshet/base";
import type { WatchedTable } from "@freshet/contract";
import type { ResolvedOptions } from "./options.ts";
import { publishTables } from "./publication.ts";
import { requireReplicable } from "./replica-identity.ts";
import { withSession } from "./upstream.ts";
import type { WatchedTables } from "./watched-tables.ts";

/**
 * Publishes the tables and watches them. Why the transaction id that it returns is one from which on nothing is
 * missed: ALTER PUBLICATION has committed before the snapshot is taken whose xmax it is. A transaction with this id
 * or a later one began after that, so the walsender decodes all its changes with the tables in the publication; and
 * it commits, hence reaches the assembler, after the tables were marked as watched. Of one that ran
 * meanwhile the walsender may leave changes out.
 */
export function publishWatched(
  options: ResolvedOptions,
  publication: string,
  watched: WatchedTables,
  tables: readonly WatchedTable[],
): Promise<bigint> {
  const oids = tables.map(({ tableOid }) => tableOid);
  return withSession(options.url, async (session) => {
    const found = await requireReplicable(session, oids, options.setReplicaIdentity);
    await publishTables(
      session,
      publication,
      found.map((table) => table.schema),
    );
    watched.watch(tables);
    const answer = await session.query<{ xmax: string }>(
      "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text AS xmax",
    );
    return BigInt(must(answer.rows[0], "a snapshot is one row").xmax);
  });
}
