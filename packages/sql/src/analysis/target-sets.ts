import { must } from "@freshet/base";
import { columnsOf } from "../plan/expression-walk.ts";
import { expandPlan } from "../plan/plan-build.ts";
import { mapSource, sourceExpressions } from "../plan/row-source.ts";
import { attachSublinks } from "./attach-sublinks.ts";
import { bindColumns, type QueryScope, type Relation } from "./query-scope.ts";

/**
 * The relation that `source` gives for the columns needed, with the set-returning functions among them. As PostgreSQL
 * does it, functions run side by side, those whose arguments hold others behind these.
 */
export function withTargetSets(
  scope: QueryScope,
  needed: ReadonlySet<number>,
  source: (needed: ReadonlySet<number>) => Relation,
): Relation {
  const levels: number[][] = [];
  const levelOf = (symbol: number): number => {
    const call = scope.setFunctions.get(symbol);
    if (call === undefined) return -1;
    const level = 1 + Math.max(-1, ...[...columnsOf(...sourceExpressions(call))].map(levelOf));
    const symbols = (levels[level] ??= []);
    if (!symbols.includes(symbol)) symbols.push(symbol);
    return level;
  };
  for (const symbol of needed) levelOf(symbol);
  if (levels.length === 0) return source(needed);
  const calls = levels.flat().map((symbol) => must(scope.setFunctions.get(symbol)));
  const args = calls.flatMap(sourceExpressions);
  const below = [...needed, ...scope.needs(...args)].filter((symbol) => !scope.setFunctions.has(symbol));
  let relation = attachSublinks(source(new Set(below)), args, scope);
  for (const symbols of levels) {
    const input = relation;
    const sources = symbols.map((symbol) =>
      mapSource(must(scope.setFunctions.get(symbol)), (expression) => bindColumns(expression, input)),
    );
    relation = {
      plan: expandPlan(input.plan, sources, { ordinality: false }),
      symbols: [...input.symbols, ...symbols],
    };
  }
  return relation;
}
