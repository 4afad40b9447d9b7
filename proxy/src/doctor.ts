import { quoteIdentifier, quoteLiteral } from "@freshet/base";
import { type AnalysisConnection } from "@freshet/sql";
import { ControlConnection } from "./control/control-connection.ts";
import type { DriverConnection } from "./upstream/upstream.ts";

export interface Finding {
  readonly check: string;
  /** `note`: works, with something to know. */
  readonly verdict: "ok" | "note" | "wrong";
  readonly found: string;
  /** How to mend it; null when nothing is to be done. */
  readonly mend: string | null;
}

const OLDEST_VERSION = 14;

type Row = readonly (string | null)[];

/** Looks at everything Freshet needs of an upstream. Rejects only when it cannot be reached. */
export async function examine(
  upstream: DriverConnection,
  instance: string,
  connectTimeoutMs: number,
): Promise<readonly Finding[]> {
  const control = new ControlConnection({ ...upstream, applicationName: "freshet doctor", connectTimeoutMs });
  try {
    return await control.exclusive(async (connection) => [
      ...(await serverFindings(connection)),
      ...(await capacityFindings(connection, instance)),
      ...(await roleFindings(connection)),
      ...(await tableFindings(connection)),
    ]);
  } finally {
    await control.close();
  }
}

async function one(connection: AnalysisConnection, sql: string): Promise<Row> {
  return (await connection.query(sql))[0] ?? [];
}

function finding(check: string, good: boolean, found: string, mend: string): Finding {
  return { check, verdict: good ? "ok" : "wrong", found, mend: good ? null : mend };
}

async function serverFindings(connection: AnalysisConnection): Promise<Finding[]> {
  const [version = "", number = "0", walLevel = "", encoding = "", recovery = "f"] = await one(
    connection,
    `SELECT current_setting('server_version'), current_setting('server_version_num'), current_setting('wal_level'),
            current_setting('server_encoding'), pg_is_in_recovery()::text`,
  );
  const major = Math.floor(Number(number) / 10_000);
  return [
    finding(
      "server version",
      major >= OLDEST_VERSION,
      version ?? "",
      `Freshet needs PostgreSQL ${OLDEST_VERSION} or newer.`,
    ),
    finding(
      "wal_level",
      walLevel === "logical",
      walLevel ?? "",
      "ALTER SYSTEM SET wal_level = logical; then restart PostgreSQL.",
    ),
    finding(
      "server encoding",
      encoding === "UTF8",
      encoding ?? "",
      "Caches need a database in UTF8; others are only passed through.",
    ),
    finding(
      "primary",
      recovery === "f" || recovery === "false",
      recovery === "f" || recovery === "false" ? "yes" : "in recovery",
      "Point --upstream at the primary.",
    ),
  ];
}

async function capacityFindings(connection: AnalysisConnection, instance: string): Promise<Finding[]> {
  const [maxSlots = "0", slots = "0", own = "f", maxSenders = "0", senders = "0"] = await one(
    connection,
    `SELECT current_setting('max_replication_slots'), (SELECT count(*) FROM pg_replication_slots)::text,
            (SELECT count(*) > 0 FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(instance)})::text,
            current_setting('max_wal_senders'), (SELECT count(*) FROM pg_stat_replication)::text`,
  );
  // One slot for the stream (perhaps there already), one for snapshots; as many walsenders.
  const slotsNeeded = own === "true" || own === "t" ? 1 : 2;
  const freeSlots = Number(maxSlots) - Number(slots);
  const freeSenders = Number(maxSenders) - Number(senders);
  return [
    finding(
      "free replication slots",
      freeSlots >= slotsNeeded,
      `${freeSlots} of ${maxSlots}`,
      "Raise max_replication_slots, or drop slots that nobody uses; then restart PostgreSQL.",
    ),
    finding(
      "free walsenders",
      freeSenders >= 2,
      `${freeSenders} of ${maxSenders}`,
      "Raise max_wal_senders; then restart PostgreSQL.",
    ),
  ];
}

async function roleFindings(connection: AnalysisConnection): Promise<Finding[]> {
  const [role = "", superuser = "f", replication = "f", create = "f", temporary = "f", database = ""] = await one(
    connection,
    `SELECT current_user, r.rolsuper::text, r.rolreplication::text,
            has_database_privilege(current_database(), 'CREATE')::text, has_database_privilege(current_database(), 'TEMP')::text, current_database()
       FROM pg_roles r WHERE r.rolname = current_user`,
  );
  const isSuperuser = superuser === "true";
  const [who, where] = [quoteIdentifier(role ?? ""), quoteIdentifier(database ?? "")];
  return [
    finding("role may replicate", isSuperuser || replication === "true", role ?? "", `ALTER ROLE ${who} REPLICATION;`),
    finding(
      "role may create a publication",
      create === "true",
      role ?? "",
      `GRANT CREATE ON DATABASE ${where} TO ${who};`,
    ),
    finding(
      "role may create temporary objects",
      temporary === "true",
      role ?? "",
      `GRANT TEMPORARY ON DATABASE ${where} TO ${who}; without it no query can be analysed.`,
    ),
    {
      check: "schema changes are announced",
      verdict: isSuperuser ? "ok" : "note",
      found: isSuperuser ? "by an event trigger" : "no (an event trigger needs a superuser)",
      mend: isSuperuser
        ? null
        : "Nothing needs to be done: Freshet compares the catalog from time to time (--schema-check-interval-ms).",
    },
  ];
}

async function tableFindings(connection: AnalysisConnection): Promise<Finding[]> {
  const rows = await connection.query(
    `SELECT format('%I.%I', n.nspname, c.relname), pg_has_role(c.relowner, 'USAGE')::text,
            (c.relreplident = 'f' OR (c.relreplident IN ('d', 'i') AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND
               CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END)))::text
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'freshet')
      ORDER BY 1`,
  );
  const names = (wanted: Row[]): string =>
    `${wanted
      .slice(0, 10)
      .map(([name]) => name)
      .join(", ")}${wanted.length > 10 ? " …" : ""}`;
  const foreign = rows.filter(([, owned]) => owned !== "true");
  const anonymous = rows.filter(([, , identified]) => identified !== "true");
  return [
    {
      check: "tables are owned by the role",
      verdict: foreign.length === 0 ? "ok" : "note",
      found: foreign.length === 0 ? `all ${rows.length}` : `not ${names(foreign)}`,
      mend:
        foreign.length === 0
          ? null
          : "Only tables whose owner the role is (or is a member of) can be published by Freshet: GRANT the owner's role to it where caches are wanted.",
    },
    {
      check: "tables have a replica identity",
      verdict: anonymous.length === 0 ? "ok" : "note",
      found: anonymous.length === 0 ? `all ${rows.length}` : `not ${names(anonymous)}`,
      mend:
        anonymous.length === 0
          ? null
          : "Give them a primary key, or ALTER TABLE … REPLICA IDENTITY FULL (Freshet does so with --set-replica-identity).",
    },
  ];
}

export function formatFindings(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, verdict, found, mend }) => [
    `${{ ok: "  ok ", note: "note ", wrong: "WRONG" }[verdict]}  ${check}: ${found}`,
    ...(mend === null ? [] : [`         ${mend}`]),
  ]);
  const wrong = findings.filter(({ verdict }) => verdict === "wrong").length;
  lines.push("", wrong === 0 ? "Freshet can use this server." : `${wrong} of ${findings.length} checks failed.`);
  return `${lines.join("\n")}\n`;
}
