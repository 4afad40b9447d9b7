import { FreshetError, must, SqlState } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import { parseLsn } from "@freshet/values";
import type { Client } from "pg";
import { type TimelineEnd, type TimelineFacts, parseTimelineHistory } from "./timeline.ts";
import { type Upstream, asFreshetError, openReplicationSession, sqlState } from "./upstream.ts";

const OLDEST_VERSION = 140000;
const UNDEFINED_FILE = "58P01";

/** What is read from the upstream before anything is made there. */
export interface ServerFacts extends TimelineFacts {
  readonly version: number;
  readonly systemIdentifier: string;
  readonly databaseOid: number;
  readonly walLsn: Lsn;
  /** 0: the walsender never gives up. */
  readonly walSenderTimeoutMs: number;
}

/** Reads the facts; rejects with a FreshetError that says how to mend it when replication is impossible. */
export async function checkServer(url: Upstream, session: Client): Promise<ServerFacts> {
  const settings = await session.query<{
    version: number;
    wal_level: string;
    encoding: string;
    timeout: number;
    database: number;
    recovery: boolean;
  }>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('wal_level') AS wal_level,
            current_setting('server_encoding') AS encoding, d.oid AS database, pg_is_in_recovery() AS recovery,
            (SELECT setting::int FROM pg_settings WHERE name = 'wal_sender_timeout') AS timeout
     FROM pg_database d WHERE d.datname = current_database()`,
  );
  const { version, wal_level, encoding, timeout, database, recovery } = must(settings.rows[0]);
  if (version < OLDEST_VERSION) {
    throw new FreshetError(SqlState.featureNotSupported, `the upstream is PostgreSQL ${Math.floor(version / 10000)}`, {
      hint: "Freshet needs PostgreSQL 14 or newer.",
    });
  }
  if (recovery) {
    throw new FreshetError(SqlState.featureNotSupported, "the upstream is a standby", {
      hint: "Connect to the primary.",
    });
  }
  if (wal_level !== "logical") {
    throw new FreshetError(SqlState.objectNotInPrerequisiteState, `wal_level of the upstream is "${wal_level}"`, {
      hint: "Run ALTER SYSTEM SET wal_level = logical on the upstream and restart it.",
    });
  }
  if (encoding !== "UTF8") {
    throw new FreshetError(SqlState.featureNotSupported, `the encoding of the upstream's database is ${encoding}`, {
      hint: "Freshet needs a database with encoding UTF8.",
    });
  }
  return { version, databaseOid: database, walSenderTimeoutMs: timeout, ...(await identifySystem(url)) };
}

/** IDENTIFY_SYSTEM, which also proves that this role may replicate from this host. */
async function identifySystem(
  url: Upstream,
): Promise<Pick<ServerFacts, "systemIdentifier" | "timeline" | "ancestors" | "walLsn">> {
  let client: Client;
  try {
    client = await openReplicationSession(url);
  } catch (error) {
    if (sqlState(error) !== SqlState.insufficientPrivilege) throw error;
    throw asFreshetError(error, "Run ALTER ROLE … REPLICATION for the role that Freshet connects as.");
  }
  try {
    const answer = await client.query<{ systemid: string; timeline: number | string; xlogpos: string }>(
      "IDENTIFY_SYSTEM",
    );
    const row = must(answer.rows[0]);
    // A bigint from PostgreSQL 16 on, which the driver gives as text.
    const timeline = Number(row.timeline);
    return {
      systemIdentifier: row.systemid,
      timeline,
      ancestors: timeline > 1 ? await readHistory(client, timeline) : [],
      walLsn: must(parseLsn(row.xlogpos), "IDENTIFY_SYSTEM gives an LSN"),
    };
  } finally {
    await client.end();
  }
}

/** Empty when the server has it no more: then nothing is known of earlier timelines. */
async function readHistory(client: Client, timeline: number): Promise<readonly TimelineEnd[]> {
  try {
    const answer = await client.query<{ content: string | Buffer }>(`TIMELINE_HISTORY ${timeline}`);
    return parseTimelineHistory(must(answer.rows[0]).content.toString());
  } catch (error) {
    if (sqlState(error) === UNDEFINED_FILE) return [];
    throw error;
  }
}
