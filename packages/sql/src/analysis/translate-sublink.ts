import { must } from "@freshet/base";
import type { CallExpression, Expression } from "../plan/expression.ts";
import { columnsOf, mapExpression } from "../plan/expression-walk.ts";
import { aggregatePlan, filterPlan, projectPlan } from "../plan/plan-build.ts";
import type { Plan } from "../plan/plan.ts";
import type { SortKey } from "../plan/sort-key.ts";
import type { ColumnType } from "@freshet/values";
import type { TranslatedQuery } from "./translated-query.ts";
import type { TreeNode } from "./node-tree.ts";
import { equalityOf } from "./operators.ts";
import type { QueryScope } from "./query-scope.ts";
import { asOuter } from "./sublinks.ts";
import { BOOL_TYPE } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";

/** `subLinkType` of a SUBLINK. */
const SublinkType = { exists: 0, all: 1, any: 2, rowCompare: 3, scalar: 4, array: 6 } as const;

const UNKNOWN: Expression = { kind: "constant", value: null, type: BOOL_TYPE };

/** A subquery in an expression: the expression over the symbols of its result. */
export function translateSublink(node: TreeNode, scope: QueryScope): Expression {
  const query = node.node("subselect");
  switch (node.int("subLinkType")) {
    case SublinkType.exists:
      return present(scope.planSublink(query, new Set()), scope);
    case SublinkType.scalar:
      return must(rowOf(scope.planSublink(query, null), scope)[0], "a scalar subquery has a column");
    case SublinkType.rowCompare: {
      const row = rowOf(scope.planSublink(query, null), scope);
      return scope.withSublinkColumns(row, () => scope.translate(node.node("testexpr")));
    }
    case SublinkType.any:
      return translateAny(node, scope, false);
    case SublinkType.all:
      return { kind: "not", args: [translateAny(node, scope, true)], type: BOOL_TYPE };
    case SublinkType.array:
      return must(rowOf(arrayOf(scope.planOrdered(query), scope), scope)[0]);
    default:
      throw unsupported("a subquery of this kind is not supported");
  }
}

/** Whether the subquery has a row; never NULL. */
function present(plan: Plan, scope: QueryScope): Expression {
  const [marker] = scope.sublinks.add("exists", plan).symbols;
  const arg: Expression = { kind: "column", index: must(marker), type: BOOL_TYPE };
  return { kind: "is-not-null", arg, type: BOOL_TYPE };
}

/** One row: the array of the subquery's values in their order, which is empty where it has no rows. */
function arrayOf(query: TranslatedQuery, scope: QueryScope): Plan {
  const { plan } = query;
  const element = must(plan.columns[0], "ARRAY(SELECT …) has a column");
  const info = scope.catalog.types.get(element.typeOid);
  if (info === undefined || info.arrayOid === 0 || info.elementOid !== null)
    throw unsupported(`an array of values of type ${scope.typeName(element.typeOid)} is not supported`);
  const type: ColumnType = { typeOid: info.arrayOid, typmod: -1, collation: element.collation };
  const sort = query.sort.map(({ column, ...order }): SortKey => {
    return { expression: { kind: "column", index: column, type: must(plan.columns[column]) }, ...order };
  });
  const arg: Expression = { kind: "column", index: 0, type: element };
  const call = { name: "array_agg", arg, distinct: false, type, inputCollation: element.collation, sort } as const;
  const collected: Expression = { kind: "column", index: 0, type };
  const empty: Expression = { kind: "constant", value: emptyArray(element.typeOid), type };
  return projectPlan(aggregatePlan(plan, [], [call], true), [{ kind: "coalesce", args: [collected, empty], type }]);
}

/** The binary form of an array without dimensions. */
function emptyArray(elementOid: number): string {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(elementOid, 8);
  return bytes.toString("latin1");
}

/** The columns of the subquery's one row. */
function rowOf(plan: Plan, scope: QueryScope): Expression[] {
  const { symbols } = scope.sublinks.add("scalar", plan);
  const more: Expression = { kind: "column", index: must(symbols.at(-1)), type: BOOL_TYPE };
  return plan.columns.map((type, index): Expression => {
    return { kind: "one-row", more, value: { kind: "column", index: must(symbols[index]), type }, type };
  });
}

/**
 * `test` with ANY row of the subquery; with `negated`, NOT `test` with any row, of which ALL is the negation.
 * True where a row passes; else NULL where the comparison with some row is NULL; else false.
 */
function translateAny(node: TreeNode, scope: QueryScope, negated: boolean): Expression {
  const plan = scope.planSublink(node.node("subselect"), null);
  const columns = plan.columns.map((type) => scope.placeholder(type));
  const test = scope.withSublinkColumns(columns, () => scope.translate(node.node("testexpr")));
  const positions = new Map(columns.map((column, index) => [column.index, index]));
  const rowsWhere = (...conditions: readonly Expression[]): Plan =>
    filterPlan(
      plan,
      conditions.map((condition) => overRows(condition, positions)),
    );
  const passes = present(rowsWhere(negated ? negation(test) : test), scope);
  const isRight = (expression: Expression): boolean =>
    [...columnsOf(expression)].some((symbol) => positions.has(symbol));
  const sides = comparedSides(test);
  const rightNull = isAnyNull(sides.filter(isRight));
  const leftNull = isAnyNull(sides.filter((side) => !isRight(side)));
  // One strict comparison is NULL exactly where a side is; several, or a comparison of rows, must be asked.
  const isSimple = test.kind === "call";
  const unknown: Expression[] = isSimple ? [] : [{ kind: "is-unknown", arg: test, type: BOOL_TYPE }];
  const withRight = present(rowsWhere(rightNull, ...unknown), scope);
  const withLeft = present(isSimple ? plan : rowsWhere(leftNull, ...unknown), scope);
  const isUnknown: Expression = {
    kind: "or",
    args: [withRight, { kind: "and", args: [leftNull, withLeft], type: BOOL_TYPE }],
    type: BOOL_TYPE,
  };
  return { kind: "or", args: [passes, { kind: "and", args: [UNKNOWN, isUnknown], type: BOOL_TYPE }], type: BOOL_TYPE };
}

/** The condition over the subquery's rows, with the query around it outside. */
function overRows(condition: Expression, positions: ReadonlyMap<number, number>): Expression {
  return mapExpression(condition, (node) => {
    if (node.kind !== "column") return undefined;
    const position = positions.get(node.index);
    return position === undefined ? asOuter(node) : { ...node, index: position };
  });
}

/** The arguments of the comparisons that a test consists of. */
function comparedSides(test: Expression): readonly Expression[] {
  if (test.kind === "and" || test.kind === "or") return test.args.flatMap(comparedSides);
  // A comparison of rows by order: each pair is compared in the first arm, the last one after all arms.
  if (test.kind === "case" && test.arms[0] !== undefined && test.otherwise !== null)
    return [...comparedSides(test.arms[0].when), ...comparedSides(test.otherwise)];
  if (test.kind === "call" && test.strict && test.args.length === 2) return test.args;
  throw unsupported("a subquery is compared by something else than strict operators");
}

function isAnyNull(sides: readonly Expression[]): Expression {
  const tests = sides.map((arg): Expression => ({ kind: "is-null", arg, type: BOOL_TYPE }));
  const [first] = tests;
  return tests.length === 1 && first !== undefined ? first : { kind: "or", args: tests, type: BOOL_TYPE };
}

/** A condition that is true where `test` is false; of `<>` an equality, which can be looked up. */
function negation(test: Expression): Expression {
  if (test.kind === "or") return { kind: "and", args: test.args.map(negation), type: BOOL_TYPE };
  if (test.kind === "call" && test.name.endsWith("ne")) {
    const name = `${test.name.slice(0, -2)}eq`;
    if (equalityOf(name) !== undefined) return { ...test, name, functionOid: 0 } satisfies CallExpression;
  }
  return { kind: "is-false", arg: test, type: BOOL_TYPE };
}
