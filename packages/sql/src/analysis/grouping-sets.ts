import { type ColumnType, Oid } from "@freshet/values";
import { type AggregateCall } from "../plan/aggregate-call.ts";
import type { Expression } from "../plan/expression.ts";
import { aggregatePlan, expandPlan, projectPlan, unionAllPlan } from "../plan/plan-build.ts";
import type { Plan } from "../plan/plan.ts";
import type { TreeNode } from "./node-tree.ts";
import { UnliftableParameter, unsupported } from "./unsupported.ts";

/** References (`tleSortGroupRef`) of the GROUP BY items that one grouping set has. */
export type GroupingSet = readonly number[];

const SetKind = { empty: 0, simple: 1, rollup: 2, cube: 3, sets: 4 } as const;

/** PostgreSQL's own limit. */
const MAX_SETS = 4096;

const INT4: ColumnType = { typeOid: Oid.int4, typmod: -1, collation: 0 };

function int4(value: number): Expression {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value, 0);
  return { kind: "constant", value: bytes.toString("latin1"), type: INT4 };
}

function expandNode(node: TreeNode): GroupingSet[] {
  const kind = node.int("kind");
  switch (kind) {
    case SetKind.empty:
      return [[]];
    case SetKind.simple:
      return [node.ints("content")];
    case SetKind.sets:
      return node.nodes("content").flatMap(expandNode);
    case SetKind.rollup: {
      const parts = node.nodes("content").map((part) => part.ints("content"));
      return [...parts.keys(), parts.length].reverse().map((length) => parts.slice(0, length).flat());
    }
    case SetKind.cube: {
      const parts = node.nodes("content").map((part) => part.ints("content"));
      if (2 ** parts.length > MAX_SETS) throw unsupported(`more than ${MAX_SETS} grouping sets are not supported`);
      return parts.reduce<GroupingSet[]>((sets, part) => sets.flatMap((set) => [[...set, ...part], set]), [[]]);
    }
    default:
      throw unsupported("this kind of grouping set is not supported");
  }
}

/** The grouping sets of a query, as PostgreSQL multiplies them out; null where GROUP BY has none. */
export function groupingSets(query: TreeNode): readonly GroupingSet[] | null {
  const nodes = query.nodes("groupingSets");
  if (nodes.length === 0) return null;
  let sets: GroupingSet[] = [[]];
  for (const node of nodes) {
    const own = expandNode(node);
    if (sets.length * own.length > MAX_SETS) throw unsupported(`more than ${MAX_SETS} grouping sets are not supported`);
    sets = sets.flatMap((set) => own.map((more) => [...new Set([...set, ...more])].sort((a, b) => a - b)));
  }
  if (!query.flag("groupDistinct")) return sets;
  return [...new Map(sets.map((set) => [set.join(), set])).values()];
}

/** How many result rows an aggregating query has over no rows: one without GROUP BY, one for each empty grouping set. */
export function totalRows(query: TreeNode): number {
  const sets = groupingSets(query);
  if (sets === null) return query.nodes("groupClause").length === 0 ? 1 : 0;
  return sets.filter((set) => set.length === 0).length;
}

/** A view shows one row for keys that it does not know. */
export function checkTotalRows(query: TreeNode, parameter: number | undefined): void {
  if (parameter !== undefined && totalRows(query) > 1)
    throw new UnliftableParameter(parameter, "is compared under several empty grouping sets");
}

/** What a grouping set's GROUPING(…) is: a bit for each argument, set where the set does not have it. */
function groupingValue(set: GroupingSet, references: readonly number[]): number {
  return references.reduce((bits, reference) => bits * 2 + (set.includes(reference) ? 0 : 1), 0);
}

interface SetGroup {
  /** Over the input's columns. */
  readonly expression: Expression;
  /** Its reference in GROUP BY; null where every set has it. */
  readonly reference: number | null;
}

interface SetsAggregation {
  readonly sets: readonly GroupingSet[];
  readonly groups: readonly SetGroup[];
  /** The arguments of each GROUPING(…). */
  readonly groupings: readonly (readonly number[])[];
  /** Over the input's columns. */
  readonly calls: readonly AggregateCall[];
}

/**
 * Aggregates by several grouping sets. Every input row is counted once in each set; the number of the set keeps their
 * groups apart. An empty set has one row also from no input, so that it is an aggregation of its own. Output = groups,
 * GROUPING values, aggregates.
 */
export function aggregateSets(input: Plan, { sets, groups, groupings, calls }: SetsAggregation): Plan {
  const heads = sets.map((set) => [
    ...groups.map(({ expression, reference }): Expression => {
      if (reference === null || set.includes(reference)) return expression;
      return { kind: "constant", value: null, type: expression.type };
    }),
    ...groupings.map((references) => int4(groupingValue(set, references))),
  ]);
  const types = [...groups.map(({ expression }) => expression.type), ...groupings.map(() => INT4)];
  const isTotal = (set: GroupingSet): boolean => set.length === 0 && groups.every((group) => group.reference !== null);
  const grouped = sets.flatMap((set, index) => (isTotal(set) ? [] : [[...(heads[index] ?? []), int4(index)]]));
  const parts = sets.flatMap((set, index) => (isTotal(set) ? [totalPart(input, heads[index] ?? [], calls)] : []));
  if (grouped.length > 0) parts.unshift(groupedPart(input, grouped, types, calls));
  const columns = [...types, ...calls.map((call) => call.type)];
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : unionAllPlan(parts, columns);
}

function column(index: number, type: ColumnType): Expression {
  return { kind: "column", index, type };
}

/** `rows`: for each set the groups, GROUPING values and the set's number. */
function groupedPart(
  input: Plan,
  rows: readonly (readonly Expression[])[],
  types: readonly ColumnType[],
  calls: readonly AggregateCall[],
): Plan {
  const made = [...types, INT4];
  const expanded = expandPlan(input, [{ kind: "rows", rows, columns: made }], { ordinality: false });
  const by = made.map((type, index) => column(input.columns.length + index, type));
  const aggregated = aggregatePlan(expanded, by, calls, false);
  const kept = [...types.keys(), ...calls.map((_call, index) => made.length + index)];
  return projectPlan(
    aggregated,
    kept.map((index) => column(index, aggregated.columns[index] ?? INT4)),
  );
}

function totalPart(input: Plan, head: readonly Expression[], calls: readonly AggregateCall[]): Plan {
  const total = aggregatePlan(input, [], calls, true);
  return projectPlan(total, [...head, ...total.columns.map((type, index) => column(index, type))]);
}
