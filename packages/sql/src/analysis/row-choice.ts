import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import type { Plan, TopKPlan } from "../plan/plan.ts";
import type { SortKey } from "../plan/sort-key.ts";
import type { RowLimit, ViewSort } from "../plan/query-plan.ts";
import type { LiftedConditions } from "./lift-parameters.ts";
import { mergesKeys } from "./query-checks.ts";
import type { QueryScope } from "./query-scope.ts";
import { UnliftableParameter } from "./unsupported.ts";

const LIMIT_WITH_TIES = 1;

/** Whether the query's row limit is FETCH FIRST … WITH TIES. */
export function hasTies(scope: QueryScope): boolean {
  return scope.query.nodeOrNull("limitCount") !== null && scope.query.int("limitOption") === LIMIT_WITH_TIES;
}

/** Of SELECT DISTINCT ON the output columns of the expressions that rows agree in; null without. */
export function distinctOnColumns(
  scope: QueryScope,
  columnOfReference: ReadonlyMap<number, number>,
): readonly number[] | null {
  if (!scope.query.flag("hasDistinctOn")) return null;
  return scope.query
    .nodes("distinctClause")
    .map((clause) => must(columnOfReference.get(clause.int("tleSortGroupRef")), "a DISTINCT ON item without target"));
}

function columnAt(plan: Plan, index: number): Expression {
  return { kind: "column", index, type: must(plan.columns[index]) };
}

export function sortKeys(plan: Plan, sort: readonly ViewSort[]): SortKey[] {
  return sort.map(({ column, descending, nullsFirst }) => ({
    expression: columnAt(plan, column),
    descending,
    nullsFirst,
  }));
}

/** A row limit inside the plan must be known when the plan is made. */
export function constantLimit(limit: RowLimit | null, place: string): number | null {
  if (limit === null) return null;
  if ("parameter" in limit) throw new UnliftableParameter(limit.parameter, `stands in ${place}`);
  return limit.constant;
}

/** The keys of a view's parameters, as columns of a plan that chooses among rows. */
export interface KeyColumns {
  readonly lifted: LiftedConditions;
  /** Columns of the equalities, then of the range. */
  readonly columns: readonly number[];
}

/**
 * What partitions a choice among rows: for each value of the equality parameters the choice is its own. Several keys at
 * once would have one choice in common, unless they are in `own`, the query's partition.
 */
function partitionColumns({ lifted, columns }: KeyColumns, own: readonly number[], what: string): number[] {
  lifted.equality.forEach((equality, index) => {
    if (equality.list && !own.includes(must(columns[index]))) throw mergesKeys(equality.parameter, what);
  });
  const { range } = lifted;
  if (range !== null && !own.includes(must(columns.at(-1))))
    throw mergesKeys(must(range.lower ?? range.upper).parameter, what);
  return [...new Set([...own, ...columns])];
}

/** DISTINCT ON: of the rows that agree in the columns `own`, the first in the query's order. */
export function distinctOnPlan(
  plan: Plan,
  own: readonly number[],
  sort: readonly ViewSort[],
  keys: KeyColumns,
): TopKPlan {
  const partition = partitionColumns(keys, own, "DISTINCT ON");
  // Within a partition its columns are all equal.
  const within = sort.filter(({ column }) => !partition.includes(column));
  return {
    kind: "top-k",
    input: plan,
    partition: partition.map((column) => columnAt(plan, column)),
    sort: sortKeys(plan, within),
    limit: 1,
    offset: 0,
    columns: plan.columns,
  };
}

/** FETCH FIRST … WITH TIES. */
export function withTiesPlan(
  plan: Plan,
  limits: { readonly limit: RowLimit | null; readonly offset: RowLimit | null },
  sort: readonly ViewSort[],
  keys: KeyColumns,
): TopKPlan {
  const place = "FETCH FIRST … WITH TIES";
  const partition = partitionColumns(keys, [], place);
  return {
    kind: "top-k",
    input: plan,
    partition: partition.map((column) => columnAt(plan, column)),
    sort: sortKeys(plan, sort),
    limit: constantLimit(limits.limit, place),
    offset: constantLimit(limits.offset, place) ?? 0,
    ties: true,
    columns: plan.columns,
  };
}

/** The positions in `output` of expressions equal to all `wanted`; null where one is not there. */
export function positionsOf(wanted: readonly Expression[], output: readonly Expression[]): readonly number[] | null {
  const texts = output.map(canonicalJson);
  const found = wanted.map((expression) => texts.indexOf(canonicalJson(expression)));
  return found.length === 0 || found.includes(-1) ? null : found;
}
