import { FreshetError, must, quoteIdentifier, SqlState, waitingForLocks } from "@freshet/base";
import type { TableSchema } from "@freshet/contract";
import type { Client } from "pg";
import { asFreshetError, qualifiedName, sqlState } from "./upstream.ts";

/** The first server that publishes generated columns. */
const GENERATED_COLUMNS_VERSION = 180000;

/**
 * Makes the publication, empty, unless it is there, and sees that it is as Freshet needs it:
 * - all kinds of changes;
 * - each partition's under the partition's own name: then TRUNCATE, ATTACH and DETACH of one are that one's;
 * - from PostgreSQL 18 on with stored generated columns, which nobody reads here: without them it refuses UPDATE
 *   and DELETE of tables that have such columns and are identified by the whole row.
 */
export async function ensurePublication(session: Client, name: string): Promise<void> {
  const publication = quoteIdentifier(name);
  const [version] = (
    await session.query<{ number: number }>("SELECT current_setting('server_version_num')::int AS number")
  ).rows;
  const settings =
    must(version).number >= GENERATED_COLUMNS_VERSION
      ? "publish_via_partition_root = false, publish_generated_columns = stored"
      : "publish_via_partition_root = false";
  const found = await session.query<{ whole: boolean; right: boolean }>(
    `SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate AS whole,
            NOT pubviaroot AND COALESCE(to_jsonb(p)->>'pubgencols', 's') = 's' AS right
     FROM pg_publication p WHERE pubname = $1`,
    [name],
  );
  const row = found.rows[0];
  if (row === undefined) {
    const statement = `CREATE PUBLICATION ${publication} WITH (${settings})`;
    return run(session, statement, "Grant CREATE on the database to Freshet's role, or have its owner run");
  }
  if (!row.whole) {
    throw new FreshetError(
      SqlState.objectNotInPrerequisiteState,
      `publication "${name}" is not of the kind that Freshet makes`,
      {
        detail: "It must publish all kinds of changes.",
        hint: `Run ALTER PUBLICATION ${publication} SET (publish = 'insert, update, delete, truncate');`,
      },
    );
  }
  if (row.right) return;
  await run(session, `ALTER PUBLICATION ${publication} SET (${settings})`, "Have the publication's owner run");
}

/** Runs the statement; without the privilege for it, the error says who must. */
async function run(session: Client, statement: string, help: string): Promise<void> {
  try {
    await waitingForLocks(() => session.query(statement));
  } catch (error) {
    if (sqlState(error) !== SqlState.insufficientPrivilege) throw error;
    throw asFreshetError(error, `${help}: ${statement};`);
  }
}

/** Which of the tables are published whole, directly or through a schema or FOR ALL TABLES. */
export async function publishedTables(session: Client, name: string, oids: readonly number[]): Promise<Set<number>> {
  const answer = await session.query<{ oid: string; partial: boolean }>(
    `SELECT c.oid, COALESCE(to_jsonb(r)->>'prqual', to_jsonb(r)->>'prattrs') IS NOT NULL AS partial
     FROM pg_publication_tables t
     JOIN pg_namespace n ON n.nspname = t.schemaname
     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
     JOIN pg_publication p ON p.pubname = t.pubname
     LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
     WHERE t.pubname = $1 AND c.oid = ANY ($2::oid[])`,
    [name, oids],
  );
  const partial = answer.rows.find((row) => row.partial);
  if (partial !== undefined) {
    throw new FreshetError(
      SqlState.objectNotInPrerequisiteState,
      `publication "${name}" has a row filter or a column list for the table with OID ${partial.oid}`,
      { hint: "Take the table out of the publication; Freshet adds it whole." },
    );
  }
  return new Set(answer.rows.map((row) => Number(row.oid)));
}

/** Adds tables; those that are published already are left as they are. */
export async function publishTables(
  session: Client,
  name: string,
  tables: readonly TableSchema[],
): Promise<readonly TableSchema[]> {
  const published = await publishedTables(
    session,
    name,
    tables.map((table) => table.oid),
  );
  const added: TableSchema[] = [];
  for (const table of tables) {
    if (published.has(table.oid)) continue;
    await run(
      session,
      `ALTER PUBLICATION ${quoteIdentifier(name)} ADD TABLE ONLY ${qualifiedName(table)}`,
      "Freshet's role must own table and publication; or have their owner run",
    );
    added.push(table);
  }
  return added;
}

/** Takes the tables out; those that are gone or not members are passed over. */
export async function unpublishTables(session: Client, name: string, oids: readonly number[]): Promise<void> {
  const members = await session.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
     JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE p.pubname = $1 AND c.oid = ANY ($2::oid[])`,
    [name, oids],
  );
  for (const table of members.rows) {
    const statement = `ALTER PUBLICATION ${quoteIdentifier(name)} DROP TABLE ONLY ${qualifiedName(table)}`;
    await waitingForLocks(() => session.query(statement));
  }
}
