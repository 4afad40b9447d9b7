import { must, quoteLiteral } from "@freshet/base";
import { zoneChangesQuery } from "@freshet/sql";
import { daysFromDate, type TimeZoneTable } from "@freshet/values";
import type { RunStatements } from "./run-statements.ts";

/** The years that are looked at. Outside them a timestamptz is not given as text. */
const BEGIN = "1970-01-01 00:00:00+00";
const END = "2037-12-31 00:00:00+00";
const END_DAY = daysFromDate({ year: 2037, month: 12, day: 31 });

/** Seconds east of UTC of the session's time zone at moment `t`. */
function offset(t: string): string {
  return `pg_catalog.date_part('epoch', ${t}::timestamp - (${t} AT TIME ZONE 'UTC'))::int`;
}

const CHANGES = zoneChangesQuery({ offset, begin: BEGIN, end: END, step: "3 hours" });

/** Asks the server for a zone's offsets by letting it show moments in it; null where it does not know the zone. */
export async function readZoneTable(run: RunStatements, timeZone: string): Promise<TimeZoneTable | null> {
  const rows = await run(["BEGIN READ ONLY", `SET LOCAL TimeZone TO ${quoteLiteral(timeZone)}`, CHANGES, "ROLLBACK"]);
  if (rows.length === 0) return null;
  const moments = rows.map((row) => Number(must(row[0])));
  const offsets = rows.map((row) => Number(must(row[1])));
  return { timeZone, begin: must(moments[0]), end: END_DAY * 86_400, moments, offsets };
}
