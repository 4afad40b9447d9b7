import type { OracleQuery } from "./oracle-case.ts";

const COMPARISON = String.raw`q\d+\.\w+ (?:=|<|<=|>|>=) \{\{\d+\}\}`;
/** Two conditions beside one another, neither of which something before or behind them changes. */
const CONDITIONS = new RegExp(
  String.raw`(?<=WHERE |WHERE .* AND |\()(${COMPARISON}) AND (${COMPARISON})(?= AND |\)| GROUP BY | ORDER BY |$)`,
  "g",
);
const CUT = /( (?:LIMIT \S+|FETCH FIRST \S+ ROWS ONLY))( OFFSET \S+(?: ROWS)?)$/;

/** A query of the same meaning whose values stand in another order; undefined where the query has no such places. */
export function inOtherOrder(query: OracleQuery): OracleQuery | undefined {
  const core = query.core.replaceAll(CONDITIONS, "$2 AND $1");
  const tail = query.tail.replace(CUT, "$2$1");
  if (core === query.core && tail === query.tail) return undefined;
  return { ...query, core, tail, features: [...(query.features ?? []), "values in another order"] };
}
