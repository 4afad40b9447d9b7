/** Where and how finely to look for the changes of a zone's offset. */
export interface ZoneSearch {
  /** SQL for the seconds east of UTC at the moment `t`. */
  readonly offset: (t: string) => string;
  /** Moments as SQL reads them. */
  readonly begin: string;
  readonly end: string;
  /** An interval within which no zone has changed its offset and taken that back. */
  readonly step: string;
}

const EPOCH = "2000-01-01 00:00:00+00";

function series(from: string, to: string, step: string): string {
  return `pg_catalog.generate_series(${from}, ${to}, interval '${step}')`;
}

/** Changes of the offset between moments one step apart: of each its end. */
function changes(samples: string): string {
  return `SELECT t, seconds FROM (
    SELECT t, seconds, pg_catalog.lag(seconds) OVER (PARTITION BY part ORDER BY t) AS before FROM (${samples}) AS sample) AS change
  WHERE before <> seconds`;
}

/**
 * Rows of moment (seconds since 2000) and offset that begins there, the first of them `begin`. What differs at two moments a step apart is followed to
 * the second, what does not has not changed between them.
 */
export function zoneChangesQuery({ offset, begin, end, step }: ZoneSearch): string {
  const refined = (coarse: string, span: string, finer: string): string =>
    changes(`SELECT ${coarse}.t AS part, moment.t, ${offset("moment.t")} AS seconds
    FROM ${coarse} CROSS JOIN LATERAL ${series(`${coarse}.t - interval '${span}'`, `${coarse}.t`, finer)} AS moment(t)`);
  return `
  WITH steps AS (${changes(`SELECT 1 AS part, t, ${offset("t")} AS seconds
    FROM ${series(`timestamptz '${begin}'`, `timestamptz '${end}'`, step)} AS moment(t)`)}),
  halves AS (${refined("steps", step, "30 minutes")}),
  minutes AS (${refined("halves", "30 minutes", "1 minute")}),
  seconds AS (${refined("minutes", "1 minute", "1 second")})
  SELECT since, seconds FROM (
    SELECT pg_catalog.date_part('epoch', t - timestamptz '${EPOCH}')::int8 AS since, seconds FROM seconds
    UNION ALL SELECT pg_catalog.date_part('epoch', begin.t - timestamptz '${EPOCH}')::int8, ${offset("begin.t")}
      FROM (SELECT timestamptz '${begin}') AS begin(t)) AS found
  ORDER BY since`;
}
