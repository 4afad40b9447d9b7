import { FreshetError, quoteLiteral, SqlState } from "@freshet/base";
import type { TextRows } from "../control/control-connection.ts";
import { type Target, targetText } from "../write-back/target.ts";

/** Asks the upstream, with Freshet's own role. */
export type Ask = (sql: string) => Promise<TextRows>;

const INVALID_SCHEMA_NAME = "3F000";

/** Writing back works with Freshet's role: what the asking role may not do itself, it may not have done either. */
export async function assertMayWrite(ask: Ask, role: string, target: Target): Promise<void> {
  const [row] = await ask(writeQuery(role, target));
  if (row === undefined) throw new FreshetError(INVALID_SCHEMA_NAME, `schema "${target.schema}" does not exist`);
  const [exists, allowed] = row;
  if (allowed === "t") return;
  throw new FreshetError(
    SqlState.insufficientPrivilege,
    exists === "t"
      ? `permission denied for table ${targetText(target)}`
      : `permission denied for schema ${target.schema}`,
    { hint: `write_to needs ${exists === "t" ? "INSERT and DELETE on the table" : "CREATE on the schema"}.` },
  );
}

function writeQuery(role: string, target: Target): string {
  return `
    SELECT c.oid IS NOT NULL,
           CASE WHEN c.oid IS NULL THEN pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
                ELSE pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT')
                     AND pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE') END
      FROM pg_catalog.pg_namespace n
      JOIN pg_catalog.pg_roles r ON r.rolname = ${quoteLiteral(role)}
      LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = ${quoteLiteral(target.table)}
     WHERE n.nspname = ${quoteLiteral(target.schema)}`;
}
