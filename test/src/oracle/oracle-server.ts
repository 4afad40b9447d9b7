import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";

/**
 * A server for the oracle. Commits reach its log at once, for only what is in the log is replicated; answers in text do not depend
 * on the machine's time zone.
 */
export function startOracleServer(): Promise<PostgresServer> {
  return startPostgres({ settings: { synchronous_commit: "on", timezone: "UTC" } });
}
