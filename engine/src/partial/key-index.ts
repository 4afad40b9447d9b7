import { FreshetError, SqlState } from "@freshet/base";
import type { Expression, QueryPlan } from "@freshet/sql";
import type { NodeSpec } from "../graph/node-spec.ts";
import type { PlanSpecs, SpecNode } from "../graph/plan-specs.ts";
import { isIndexOf, narrow } from "./narrowing.ts";
import type { ColumnType } from "@freshet/values";

/** Makes a node, or finds the equal one. */
export type MakeNode = (spec: NodeSpec, inputs: readonly SpecNode[], columns: readonly ColumnType[]) => SpecNode;

/**
 * The same nodes, with an index (an arrange node) over the rows of the table that `columns` of the output come from, unless an
 * arrangement on the way serves as one. A FreshetError (0A000) where the values cannot be followed to a table.
 */
function withKeyIndex(node: SpecNode, columns: readonly number[], make: MakeNode): SpecNode {
  const { spec, inputs } = node;
  if (spec.kind === "source") {
    const keys = columns.map((index): Expression => ({ kind: "column", index, type: columnType(node, index) }));
    return make({ kind: "arrange", keys }, [node], node.columns);
  }
  if (spec.kind === "arrange" && isIndexOf(spec.keys, columns)) return node;
  const narrowed = narrow(
    spec,
    inputs.map((input) => input.columns.length),
    columns,
  );
  if (typeof narrowed === "string") throw notPartial(narrowed);
  const indexed = [...inputs];
  for (const { input, columns: below } of narrowed) {
    indexed[input] = withKeyIndex(inputs[input] as SpecNode, below, make);
  }
  return make(spec, indexed, node.columns);
}

/** The nodes of a partial cache's plan: with an index for its keys. */
export function partialRoot(query: QueryPlan, specs: PlanSpecs): SpecNode {
  const columns = query.equality.map(({ column }) => column);
  if (columns.length === 0) throw notPartial("no parameter is compared by equality");
  return withKeyIndex(specs.root(), columns, specs.make.bind(specs));
}

function columnType(node: SpecNode, index: number): ColumnType {
  const type = node.columns[index];
  if (type === undefined) throw notPartial("a column of the plan is not known");
  return type;
}

function notPartial(reason: string): FreshetError {
  const message = `cannot cache this query: with max_bytes, the answers for some keys alone cannot be kept: ${reason}`;
  return new FreshetError(SqlState.featureNotSupported, message, {
    hint: "Leave max_bytes away, or ask for mode = 'invalidate'.",
  });
}
