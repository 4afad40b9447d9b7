import type pg from "pg";
import { FreshetError, SqlState } from "@freshet/base";
import { upstreamError } from "../control/control-connection.ts";

/**
 * All roles that a user is a member of, directly or not, and itself. As in PostgreSQL's own pg_hba.conf a superuser is a member of no
 * role that it has not been made one of.
 */
const ROLES = `WITH RECURSIVE member (oid) AS (
    SELECT oid FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) $1
    UNION
    SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN member ON m.member OPERATOR(pg_catalog.=) member.oid
  ) SELECT r.rolname::pg_catalog.text FROM member JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) member.oid`;

/** Empty for a user that does not exist. Rejects with a FreshetError. */
export async function askForRoles(client: pg.Client, user: string): Promise<ReadonlySet<string>> {
  try {
    const { rows } = await client.query<[string]>({ text: ROLES, values: [user], rowMode: "array" });
    return new Set(rows.map(([name]) => name));
  } catch (thrown) {
    throw new FreshetError(
      SqlState.cannotConnectNow,
      "the upstream server could not be asked for the roles of the user",
      { detail: upstreamError(thrown).message, cause: thrown },
    );
  }
}
