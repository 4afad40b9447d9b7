import type { ColumnType } from "@freshet/values";
import type { Expression } from "./expression.ts";
import type { SortKey } from "./sort-key.ts";

/** Aggregates whose value follows from running totals of their arguments, to which a row can be added and taken back. */
export const ACCUMULATED_AGGREGATES = [
  "count",
  "sum",
  "avg",
  "bool_and",
  "bool_or",
  "bit_and",
  "bit_or",
  "bit_xor",
  "var_pop",
  "var_samp",
  "stddev_pop",
  "stddev_samp",
  "covar_pop",
  "covar_samp",
  "corr",
  "regr_count",
  "regr_sxx",
  "regr_syy",
  "regr_sxy",
  "regr_avgx",
  "regr_avgy",
  "regr_r2",
  "regr_slope",
  "regr_intercept",
] as const;
export type AccumulatedAggregate = (typeof ACCUMULATED_AGGREGATES)[number];

/** Aggregates that choose one of the values. */
export const CHOOSING_AGGREGATES = ["min", "max", "any_value"] as const;
export type ChoosingAggregate = (typeof CHOOSING_AGGREGATES)[number];

/** Aggregates that make one value of all rows, in an order. */
export const LIST_AGGREGATES = [
  "string_agg",
  "array_agg",
  "range_agg",
  "range_intersect_agg",
  "json_agg",
  "json_agg_strict",
  "jsonb_agg",
  "jsonb_agg_strict",
  "json_object_agg",
  "json_object_agg_strict",
  "json_object_agg_unique",
  "json_object_agg_unique_strict",
  "jsonb_object_agg",
  "jsonb_object_agg_strict",
  "jsonb_object_agg_unique",
  "jsonb_object_agg_unique_strict",
] as const;
export type ListAggregateName = (typeof LIST_AGGREGATES)[number];

/** Aggregates over the ordered values of one expression (WITHIN GROUP). */
export const ORDERED_SET_AGGREGATES = ["mode", "percentile_cont", "percentile_disc"] as const;
export type OrderedSetAggregate = (typeof ORDERED_SET_AGGREGATES)[number];

/** The place that the direct arguments would have among the ordered rows (WITHIN GROUP). */
export const HYPOTHETICAL_AGGREGATES = ["rank", "dense_rank", "percent_rank", "cume_dist"] as const;
export type HypotheticalAggregate = (typeof HYPOTHETICAL_AGGREGATES)[number];

export type AggregateName =
  | AccumulatedAggregate
  | ChoosingAggregate
  | ListAggregateName
  | OrderedSetAggregate
  | HypotheticalAggregate;

const LISTS: ReadonlySet<string> = new Set(LIST_AGGREGATES);

const HYPOTHETICAL: ReadonlySet<string> = new Set(HYPOTHETICAL_AGGREGATES);

export function isHypotheticalAggregate(name: AggregateName): name is HypotheticalAggregate {
  return HYPOTHETICAL.has(name);
}

export function isListAggregate(name: AggregateName): name is ListAggregateName {
  return LISTS.has(name);
}

/**
 * One aggregate; `name` is the C-level identity `pg_proc.proname` (of synonyms the one listed above) and
 * the argument types tell the variant.
 */
export interface AggregateCall {
  readonly name: AggregateName;
  /** The first argument; null for count(*). */
  readonly arg: Expression | null;
  readonly distinct: boolean;
  readonly type: ColumnType;
  readonly inputCollation: number;
  /** The arguments after the first. */
  readonly rest?: readonly Expression[];
  /** The order in which the rows are taken in; it covers all arguments where `distinct` is set. */
  readonly sort?: readonly SortKey[];
  /** The arguments in front of WITHIN GROUP, which are the same for all rows of a group. */
  readonly direct?: readonly Expression[];
  /** Only rows on which it is true are taken in, and no other expression is evaluated on others. */
  readonly filter?: Expression;
  /** Of sums and averages of intervals: there are infinite ones (since version 17). */
  readonly infinities?: true;
}

/** All expressions of the call, over the aggregation's input. */
export function aggregateExpressions(call: AggregateCall): readonly Expression[] {
  const sort = (call.sort ?? []).map((key) => key.expression);
  const filter = call.filter === undefined ? [] : [call.filter];
  return [...(call.arg === null ? [] : [call.arg]), ...(call.rest ?? []), ...(call.direct ?? []), ...sort, ...filter];
}

/** The call with each of its expressions replaced. */
export function mapAggregateCall(call: AggregateCall, replace: (expression: Expression) => Expression): AggregateCall {
  return {
    ...call,
    arg: call.arg === null ? null : replace(call.arg),
    ...(call.rest === undefined ? {} : { rest: call.rest.map(replace) }),
    ...(call.direct === undefined ? {} : { direct: call.direct.map(replace) }),
    ...(call.sort === undefined
      ? {}
      : { sort: call.sort.map((key) => ({ ...key, expression: replace(key.expression) })) }),
    ...(call.filter === undefined ? {} : { filter: replace(call.filter) }),
  };
}
