import type { ColumnExpression, Expression } from "../plan/expression.ts";
import { columnsOf } from "../plan/expression-walk.ts";
import { expandPlan } from "../plan/plan-build.ts";
import { mapSource } from "../plan/row-source.ts";
import { attachSublinks } from "./attach-sublinks.ts";
import type { TreeNode } from "./node-tree.ts";
import { bindColumns, type QueryScope, type Relation, type SetFunctionSymbols } from "./query-scope.ts";
import { translateSetFunction } from "./row-sources.ts";
import { unsupported } from "./unsupported.ts";

/** A set-returning function of the select list. */
export function translateTargetSet(node: TreeNode, scope: QueryScope): ColumnExpression {
  const call = translateSetFunction(node, scope);
  const [column, ...others] = scope.setFunction(call);
  if (column === undefined || others.length > 0)
    throw unsupported(`rows of ${call.name}() as values are not supported`, {
      hint: `Write (${call.name}(…)).* for their columns.`,
    });
  return column;
}

/** `(jsonb_each(…)).value`: one of the columns of what a set-returning function of the select list makes. */
export function translateTargetSetField(node: TreeNode, scope: QueryScope): Expression {
  const call = translateSetFunction(node.node("arg"), scope);
  const column = scope.setFunction(call)[node.int("fieldnum") - 1];
  if (column === undefined || call.columns.length === 1)
    throw unsupported(`a column of what ${call.name}() returns is not supported`);
  return { ...column, type: { ...column.type, collation: node.int("resultcollid") } };
}

/**
 * The relation that `source` gives for the columns needed, with the set-returning functions among them. As PostgreSQL
 * does it, functions run side by side, those whose arguments hold others behind these.
 */
export function withTargetSets(
  scope: QueryScope,
  needed: ReadonlySet<number>,
  source: (needed: ReadonlySet<number>) => Relation,
): Relation {
  const levels: SetFunctionSymbols[][] = [];
  const levelOf = (symbol: number): number => {
    const made = scope.setFunctions.get(symbol);
    if (made === undefined) return -1;
    const level = 1 + Math.max(-1, ...[...columnsOf(...made.call.args)].map(levelOf));
    const calls = (levels[level] ??= []);
    if (!calls.includes(made)) calls.push(made);
    return level;
  };
  for (const symbol of needed) levelOf(symbol);
  if (levels.length === 0) return source(needed);
  const args = levels.flat().flatMap(({ call }) => call.args);
  const below = [...needed, ...scope.needs(...args)].filter((symbol) => !scope.setFunctions.has(symbol));
  let relation = attachSublinks(source(new Set(below)), args, scope);
  for (const calls of levels) {
    const input = relation;
    const sources = calls.map(({ call }) => mapSource(call, (expression) => bindColumns(expression, input)));
    relation = {
      plan: expandPlan(input.plan, sources, { ordinality: false }),
      symbols: [...input.symbols, ...calls.flatMap(({ symbols }) => symbols)],
    };
  }
  return relation;
}
