import { must } from "@freshet/base";
import { type ColumnType, createCodecs, Oid } from "@freshet/values";
import { equalityOf, rangeOf } from "../analysis/operators.ts";
import { widen } from "../analysis/equal-sides.ts";
import type { CallExpression, Expression } from "../plan/expression.ts";
import { expressionChildren, mapExpression, walkExpression } from "../plan/expression-walk.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import { mapPlan, mapPlanExpressions, planExpressions, walkPlan } from "../plan/plan-walk.ts";
import type { Plan } from "../plan/plan.ts";
import { outersIn } from "./outer-references.ts";

const CODECS = createCodecs([]);
const TEXT: ColumnType = { typeOid: Oid.text, typmod: -1, collation: 0 };

/** Equality of one type, by that type's OID: what equality of mixed types becomes once both sides are widened. */
const EQUALITY: ReadonlyMap<number, { readonly name: string; readonly functionOid: number }> = new Map([
  [23, { name: "int4eq", functionOid: 65 }],
  [20, { name: "int8eq", functionOid: 467 }],
  [701, { name: "float8eq", functionOid: 293 }],
]);

/** A correlated subquery's plan in which every value from outside is one symbol, and what the symbols stand for. */
export interface LocalSymbols {
  readonly plan: Plan;
  readonly definitions: ReadonlyMap<number, Expression>;
  /**
   * Symbols whose type has equal values that look different, used otherwise than by comparing them; with the
   * symbol of the value's text, which tells those apart, or null where there is none.
   */
  readonly imageMatters: ReadonlyMap<number, number | null>;
}

function isComparison(name: string): boolean {
  if (equalityOf(name) !== undefined || rangeOf(name) !== undefined) return true;
  return name.endsWith("ne") && equalityOf(`${name.slice(0, -2)}eq`) !== undefined;
}

/** Whether equal values of the type have equal bytes. */
function imageIsIdentity(type: ColumnType): boolean {
  return CODECS.get(type.typeOid)?.imageIsIdentity === true;
}

/** `int84eq(a, b)` as `int8eq(a, b::int8)`, so that either side can be a key. */
function sameTypeEquality(call: CallExpression): CallExpression {
  const mixed = equalityOf(call.name)?.mixedType ?? null;
  if (mixed === null) return call;
  const args = call.args.map((arg) => widen(arg, mixed));
  const equality = EQUALITY.get(mixed);
  if (equality === undefined || args.includes(undefined)) return call;
  return { ...call, ...equality, args: args.map((arg) => must(arg)) };
}

function readsColumns(expression: Expression): boolean {
  return expression.kind === "column" || expressionChildren(expression).some(readsColumns);
}

/**
 * Gives each largest sub-expression that reads nothing but rows around the subquery a symbol (below 0) of its
 * own. Those rows then supply one value for it, by which the subquery's rows can be looked up.
 */
export function localSymbols(plan: Plan): LocalSymbols {
  const definitions = new Map<number, Expression>();
  const symbols = new Map<string, number>();
  const symbolOf = (expression: Expression): Expression => {
    const text = canonicalJson(expression);
    const symbol = symbols.get(text) ?? -1 - symbols.size;
    symbols.set(text, symbol);
    definitions.set(symbol, expression);
    return { kind: "outer", index: symbol, type: expression.type };
  };
  const rewrite = (expression: Expression): Expression =>
    mapExpression(expression, (node) => {
      if (outersIn([node]).size === 0) return node;
      if (!readsColumns(node)) return symbolOf(node);
      if (node.kind !== "call") return undefined;
      const same = sameTypeEquality(node);
      return same === node ? undefined : { ...same, args: same.args.map(rewrite) };
    });
  const rewritten = mapPlan(plan, (node) => mapPlanExpressions(node, rewrite));
  const imageMatters = new Map<number, number | null>();
  for (const symbol of imageSensitive(rewritten)) {
    const value = must(definitions.get(symbol));
    const text = value.type.typeOid === Oid.numeric ? symbolOf({ kind: "text-cast", arg: value, type: TEXT }) : null;
    imageMatters.set(symbol, text?.kind === "outer" ? text.index : null);
  }
  return { plan: rewritten, definitions, imageMatters };
}

function imageSensitive(plan: Plan): ReadonlySet<number> {
  const found = new Set<number>();
  const visit = (expression: Expression): void => {
    walkExpression(expression, (node) => {
      if (node.kind === "outer" && !imageIsIdentity(node.type)) found.add(node.index);
      if (node.kind === "is-null" || node.kind === "is-not-null") return node.arg.kind !== "outer";
      if (node.kind !== "call" || !isComparison(node.name)) return true;
      for (const arg of node.args) if (arg.kind !== "outer") visit(arg);
      return false;
    });
  };
  walkPlan(plan, (node) => {
    const keys = node.kind === "join" ? [...node.leftKeys, ...node.rightKeys] : [];
    for (const expression of planExpressions(node)) {
      if (expression.kind !== "outer" || !keys.includes(expression)) visit(expression);
    }
  });
  return found;
}
