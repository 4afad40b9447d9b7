import { must } from "@freshet/base";
import { daysFromDate, fixedOffset, type TimeZoneTable, zoneOffsetOfLocal } from "@freshet/values";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { unsupported } from "./unsupported.ts";
import { zoneChangesQuery } from "./zone-changes.ts";

/** The years that plans know the offsets of. A moment outside them is left to PostgreSQL. */
const BEGIN = "1900-01-01 00:00:00+00";
const END = "2100-01-01 00:00:00+00";
const END_DAY = daysFromDate({ year: 2100, month: 1, day: 1 });
const SECONDS_PER_DAY = 86_400;
const HOUR = 3600;

/**
 * Names that mean the same in every session. Since version 18 what may be an abbreviation is looked up in the session's own zone first, and before that in the
 * list that `timezone_abbreviations` names; those are no longer than six letters, or a sign and digits.
 */
const ZONE_NAME = /^(?:[A-Za-z_]+\/.*|[A-Za-z][A-Za-z_+-]{6,}|[A-Za-z]{3,6}[+-]?\d.*)$/;

/** Whether calls with this zone need its table: it is neither of one offset for ever, nor of a meaning that sessions choose. */
export function needsZoneTable(name: string): boolean {
  if (fixedOffset(name) !== undefined) return false;
  if (ZONE_NAME.test(name)) return true;
  throw unsupported(`what the time zone '${name}' is hangs on the session, if it is an abbreviation,`, {
    hint: "Name the zone in full, such as 'Europe/Berlin'.",
  });
}

/** Local times around the changes, where PostgreSQL's rule and the table's must agree: within a day of each, in steps and at its edges. */
function provedLocals({ moments, offsets, begin, end }: TimeZoneTable): number[] {
  const steps = [-24, -12, -3, -2, -1, 0, 1, 2, 3, 12, 24].flatMap((hours) => [hours * HOUR - 1, hours * HOUR]);
  return moments.slice(1).flatMap((moment, index) => {
    const locals = [offsets[index], offsets[index + 1]].flatMap((offset) => {
      return steps.map((step) => moment + must(offset) + step);
    });
    return [...new Set(locals)].filter((local) => local > begin + SECONDS_PER_DAY && local < end - 3 * SECONDS_PER_DAY);
  });
}

/** Asks the server whether it reads all those local times as the table says. */
async function isProved(connection: AnalysisConnection, table: TimeZoneTable, zone: string): Promise<boolean> {
  const locals = provedLocals(table);
  const instants = locals.map((local) => local - must(zoneOffsetOfLocal(table, local)));
  const [row] = await connection.query(`SELECT pg_catalog.count(*)
    FROM ROWS FROM (pg_catalog.unnest('{${locals.join()}}'::int8[]), pg_catalog.unnest('{${instants.join()}}'::int8[])) AS sample(l, i)
    WHERE ((timestamp '2000-01-01' + l * interval '1 second') AT TIME ZONE ${zone})
      <> timestamptz '2000-01-01 00:00:00+00' + i * interval '1 second'`);
  return row?.[0] === "0";
}

/** Asks the server for the zone's offsets by letting it show moments in it. Rejects where the server does not know the zone. */
async function readZoneTable(connection: AnalysisConnection, name: string): Promise<TimeZoneTable> {
  const zone = `'${name.replaceAll("'", "''")}'`;
  const offset = (t: string): string =>
    `pg_catalog.date_part('epoch', (${t} AT TIME ZONE ${zone}) - (${t} AT TIME ZONE 'UTC'))::int`;
  // In half a day no zone has changed its offset and taken that back.
  const rows = await connection.query(zoneChangesQuery({ offset, begin: BEGIN, end: END, step: "12 hours" }));
  const moments = rows.map((row) => Number(must(row[0])));
  const table: TimeZoneTable = {
    timeZone: name,
    begin: must(moments[0]),
    end: END_DAY * SECONDS_PER_DAY,
    moments,
    offsets: rows.map((row) => Number(must(row[1]))),
  };
  if (await isProved(connection, table, zone)) return table;
  throw unsupported(`the server reads local times in the zone '${name}' in a way that is not known here`);
}

/** Tables by the server process that gave them: it does not change its mind about a zone. */
const known: Map<string, TimeZoneTable> = new Map();
const MAX_KNOWN = 200;

/** The zone's offsets as this connection's server process has them. */
export async function loadZoneTable(connection: AnalysisConnection, name: string): Promise<TimeZoneTable> {
  const [row] = await connection.query(
    "SELECT pid, backend_start FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())",
  );
  const key = `${row?.[0]} ${row?.[1]} ${name}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const table = await readZoneTable(connection, name);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, table);
  return table;
}
