import { unsupported } from "../analysis/unsupported.ts";
import type { Expression } from "../plan/expression.ts";
import type { AggregateCall } from "../plan/aggregate-call.ts";

const COUNTS: readonly string[] = ["count", "regr_count"];

/** Aggregates of no rows that are not NULL, and counted neither: hypothetical-set aggregates. */
const OTHERS: readonly string[] = ["rank", "dense_rank", "percent_rank", "cume_dist"];

/** What an aggregate gives for no rows. */
export function emptyAggregate(call: AggregateCall): Expression {
  const { type } = call;
  const name: string = call.name;
  if (COUNTS.includes(name)) return { kind: "constant", value: "\0".repeat(8), type };
  if (OTHERS.includes(name))
    throw unsupported(`${name}() in a subquery that refers to rows around it is not supported`);
  return { kind: "constant", value: null, type };
}
