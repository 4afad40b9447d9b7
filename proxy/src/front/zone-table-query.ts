import { must, quoteLiteral } from "@freshet/base";
import { daysFromDate, type TimeZoneTable } from "@freshet/values";
import type { RunStatements } from "./run-statements.ts";

/** The years that are looked at. Outside them a timestamptz is not given as text. */
const BEGIN = "1970-01-01 00:00:00+00";
const END = "2037-12-31 00:00:00+00";
const END_DAY = daysFromDate({ year: 2037, month: 12, day: 31 });
const EPOCH = "2000-01-01 00:00:00+00";

/** Seconds east of UTC of the session's time zone at moment `t`. */
function offset(t: string): string {
  return `pg_catalog.date_part('epoch', ${t}::timestamp - (${t} AT TIME ZONE 'UTC'))::int`;
}

function series(from: string, to: string, step: string): string {
  return `pg_catalog.generate_series(${from}, ${to}, interval '${step}')`;
}

/** Changes of the offset between moments one step apart: of each its end. */
function changes(samples: string): string {
  return `SELECT t, seconds FROM (
    SELECT t, seconds, pg_catalog.lag(seconds) OVER (PARTITION BY part ORDER BY t) AS before FROM (${samples}) AS sample) AS change
  WHERE before <> seconds`;
}

/** The same, more finely, within the step in front of each change in `coarse`. */
function refined(coarse: string, span: string, step: string): string {
  return changes(`SELECT ${coarse}.t AS part, moment.t, ${offset("moment.t")} AS seconds
    FROM ${coarse} CROSS JOIN LATERAL ${series(`${coarse}.t - interval '${span}'`, `${coarse}.t`, step)} AS moment(t)`);
}

/**
 * No zone has changed its offset and taken that back within three hours: what differs at two moments so far apart is followed to the second, what does
 * not has not changed between them.
 */
const CHANGES = `
  WITH hours AS (${changes(`SELECT 1 AS part, t, ${offset("t")} AS seconds
    FROM ${series(`timestamptz '${BEGIN}'`, `timestamptz '${END}'`, "3 hours")} AS moment(t)`)}),
  minutes AS (${refined("hours", "3 hours", "1 minute")}),
  seconds AS (${refined("minutes", "1 minute", "1 second")})
  SELECT since, seconds FROM (
    SELECT pg_catalog.date_part('epoch', t - timestamptz '${EPOCH}')::int8 AS since, seconds FROM seconds
    UNION ALL SELECT pg_catalog.date_part('epoch', begin.t - timestamptz '${EPOCH}')::int8, ${offset("begin.t")}
      FROM (SELECT timestamptz '${BEGIN}') AS begin(t)) AS found
  ORDER BY since`;

/** Asks the server for a zone's offsets by letting it show moments in it; null where it does not know the zone. */
export async function readZoneTable(run: RunStatements, timeZone: string): Promise<TimeZoneTable | null> {
  const rows = await run(["BEGIN READ ONLY", `SET LOCAL TimeZone TO ${quoteLiteral(timeZone)}`, CHANGES, "ROLLBACK"]);
  if (rows.length === 0) return null;
  const moments = rows.map((row) => Number(must(row[0])));
  const offsets = rows.map((row) => Number(must(row[1])));
  return { timeZone, begin: must(moments[0]), end: END_DAY * 86_400, moments, offsets };
}
