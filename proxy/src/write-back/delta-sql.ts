import { quoteIdentifier } from "@freshet/base";
import type { QueryPlan } from "@freshet/sql";
import { type MatchColumns, type Target, WEIGHT_COLUMN, qualifiedName } from "./target.ts";

/** SQL of one target: deltas arrive in a temporary table and are applied set-wise. */
export interface DeltaSql {
  readonly createDeltaTable: string;
  readonly copyDelta: string;
  readonly copyTarget: string;
  /** Removes, for each delta row of weight -n, n target rows that are byte for byte the same. */
  readonly deletes: readonly string[];
  readonly insert: string;
  readonly clearDelta: string;
  readonly clearTarget: string;
}

export function deltaSql(cacheId: number, target: Target, plan: QueryPlan, match: MatchColumns): DeltaSql {
  const table = qualifiedName(target);
  const delta = `pg_temp.${quoteIdentifier(`freshet_delta_${cacheId}`)}`;
  const names = plan.result.map(({ name }) => quoteIdentifier(name));
  const list = names.join(", ");
  // Without the cast the grammar would compare column by column, which *= does not know.
  const image = (alias: string): string =>
    `ROW(${names.map((name) => `${alias}.${name}`).join(", ")})::pg_catalog.record`;
  const keys = match.names.map(quoteIdentifier);
  const known = keys.map((key) => `d.${key} IS NOT NULL`).join(" AND ");
  const remove = (which: string, meets: string): string => `
    DELETE FROM ${table} AS t USING (
      SELECT o.ctid AS row_id, d.${WEIGHT_COLUMN} AS weight, pg_catalog.row_number() OVER (PARTITION BY d.ctid) AS copy
        FROM ${delta} AS d JOIN ${table} AS o ON ${meets} AND ${image("o")} OPERATOR(pg_catalog.*=) ${image("d")}
       WHERE d.${WEIGHT_COLUMN} < 0 AND ${which}) AS gone
     WHERE t.ctid = gone.row_id AND gone.copy <= -gone.weight`;
  const equal = keys.map((key) => `o.${key} = d.${key}`).join(" AND ");
  return {
    createDeltaTable: `CREATE TEMPORARY TABLE IF NOT EXISTS ${quoteIdentifier(`freshet_delta_${cacheId}`)} ON COMMIT DELETE ROWS AS SELECT 0::pg_catalog.int4 AS ${WEIGHT_COLUMN}, t.* FROM ${table} AS t WITH NO DATA`,
    copyDelta: `COPY ${delta} (${WEIGHT_COLUMN}, ${list}) FROM STDIN (FORMAT binary)`,
    copyTarget: `COPY ${table} (${list}) FROM STDIN (FORMAT binary)`,
    // Rows whose match columns are all known are found through the index; the few others by a scan.
    deletes: keys.length === 0 ? [remove("true", "true")] : [remove(known, equal), remove(`NOT (${known})`, "true")],
    insert: `INSERT INTO ${table} (${list})
             SELECT ${names.map((name) => `d.${name}`).join(", ")}
               FROM ${delta} AS d CROSS JOIN LATERAL pg_catalog.generate_series(1, d.${WEIGHT_COLUMN})
              WHERE d.${WEIGHT_COLUMN} > 0`,
    clearDelta: `DELETE FROM ${delta}`,
    clearTarget: `DELETE FROM ${table}`,
  };
}
