import { assert } from "@freshet/base";
import type { ReadTransaction } from "@freshet/store";
import { packRow, type Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { RowView } from "../expression/row-view.ts";
import type { GraphNode } from "../graph/graph-node.ts";
import { ENUMERATED_ROWS } from "../operators/arrange.ts";
import { type CompileContext, requireEquality } from "../operators/evaluate.ts";
import type { Enumeration } from "../operators/operator.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { KeyedRows } from "../state/keyed-rows.ts";
import { newTally } from "../state/tally.ts";
import { isIndexOf, narrow } from "./narrowing.ts";

/**
 * The present output rows of `node` that have `values` in `columns`, found by way of the index that withKeyIndex added. What fails on
 * the way is counted already, by the node that it fails in.
 */
export function rowsAtKey(
  node: GraphNode,
  columns: readonly number[],
  values: readonly Buffer[],
  reads: ReadTransaction,
  context: CompileContext,
): Enumeration {
  const { spec } = node.record;
  if (spec.kind === "arrange" && isIndexOf(spec.keys, columns)) {
    return indexed(reads, node, keyOf(node, columns, values, context));
  }
  const narrowed = narrow(
    spec,
    node.inputs.map((input) => input.record.columns.length),
    columns,
  );
  assert(typeof narrowed !== "string", "a partial cache's columns can be followed to an index");
  const inputs: (() => Enumeration)[] = [];
  for (const { input, columns: below } of narrowed) {
    inputs[input] = () => rowsAtKey(node.inputs[input] as GraphNode, below, values, reads, context);
  }
  const { operator } = node;
  return operator.enumerateOf === undefined
    ? operator.enumerate(reads, inputs, newTally())
    : operator.enumerateOf(reads, inputs);
}

function keyOf(
  node: GraphNode,
  columns: readonly number[],
  values: readonly Buffer[],
  context: CompileContext,
): Buffer {
  const codecs = columns.map((column) => {
    const type = node.record.columns[column];
    assert(type !== undefined, "an index is over columns of its node");
    return requireEquality(context, type);
  });
  const view = new RowView();
  view.set(packRow(values), values.length);
  return new KeyBuilder(
    codecs.map((_codec, index) => (row: RowView) => row.bytes(index)),
    codecs,
  ).build(view);
}

function* indexed(reads: ReadTransaction, node: GraphNode, key: Buffer): Enumeration {
  const [arrangement] = node.record.arrangements;
  assert(arrangement !== undefined, "an index has an arrangement");
  let batch = new DeltaBatch();
  for (const { row, weight } of new KeyedRows(arrangement).rowsAt(reads, key)) {
    batch.pushKeyed(row, weight, key);
    if (batch.length < ENUMERATED_ROWS) continue;
    yield batch;
    batch = new DeltaBatch();
  }
  if (batch.length > 0) yield batch;
}

/** Rows and their weights up to a number of bytes; null when there are more. */
export function collectRows(rows: Enumeration, maxBytes: number): DeltaBatch | null {
  const all = new DeltaBatch();
  let bytes = 0;
  for (const batch of rows) {
    for (let index = 0; index < batch.length; index++) {
      const [row, weight] = [batch.rows[index] as Row, batch.weights[index] as number];
      bytes += row.length * Math.abs(weight);
      if (bytes > maxBytes) return null;
      all.push(row, weight);
    }
  }
  return all;
}
