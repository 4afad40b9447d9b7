import type { StatementInfo } from "@freshet/sql";

/**
 * What tells of the server that it is asked on (its processes, its log, its statistics, its sequences' state), or of the session. All of PostgreSQL's own
 * names of that kind begin with pg_ or txid_, but for these.
 */
const OF_THE_SERVER =
  /\b(?:pg_\w+|txid_\w+|inet_(?:server|client)_\w+|current_setting|version|last_value|is_called|system_user|row_security_active)\b/i;

/**
 * Whether the statement surely only reads, and reads what is the same on each server. Calls of functions that are not known to be harmless, row locks and SELECT INTO
 * are none of these.
 */
export function readsAlike(info: Pick<StatementInfo, "kind" | "pure" | "normalized">): boolean {
  return info.kind === "select" && info.pure && !OF_THE_SERVER.test(info.normalized);
}
