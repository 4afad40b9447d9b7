import { AssertionError, FreshetError } from "@freshet/base";
import type { MakeUpstreamCalls } from "@freshet/contract";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { createCodecs } from "@freshet/values";
import { consolidated, type DeltaBatch, EMPTY_BATCH } from "../delta/delta-batch.ts";
import type { Enumeration, Operator } from "../operators/operator.ts";
import type { Tally } from "../state/tally.ts";
import { createOperator } from "./create-operator.ts";
import type { NodeRecord } from "./node-spec.ts";

/** A node at work. */
export interface GraphNode {
  readonly record: NodeRecord;
  readonly operator: Operator;
  readonly inputs: readonly GraphNode[];
  readonly tally: Tally;
  /** Follows the stream. False while its state is being filled. */
  live: boolean;
  /** Its cache is not ready yet: after a crash the node is dropped, so others must not share it. */
  pending: boolean;
  /** Its state is void: an invariant broke, or this release cannot compile it. Caches on it are invalid. */
  failed: boolean;
  /** Whether the tally differs from the stored one. */
  changed: boolean;
}

/** Stands for a node that a former release compiled and this one cannot. */
const VOID_OPERATOR: Operator = {
  repeats: false,
  apply: () => {
    throw new AssertionError("the node is void");
  },
  enumerate: () => {
    throw new AssertionError("the node is void");
  },
};

export function createNode(
  record: NodeRecord,
  inputs: readonly GraphNode[],
  tally: Tally,
  live: boolean,
  upstreamCalls?: MakeUpstreamCalls,
): GraphNode {
  const node = { record, inputs, tally, live, pending: !live, failed: false, changed: false };
  const context = { codecs: createCodecs(record.types), collations: record.collations, upstreamCalls };
  const shapes = inputs.map((input) => input.record);
  try {
    return { ...node, operator: createOperator(record.spec, record.arrangements, shapes, context) };
  } catch (error) {
    if (!(error instanceof FreshetError) || !live) throw error;
    return { ...node, operator: VOID_OPERATOR, failed: true };
  }
}

/**
 * The node's present output at the state that `reads` shows. Rows that a node fails on are counted in the
 * tally that `tallyOf` gives for it. A node that occurs twice below is asked for twice.
 */
export function enumerateNode(
  node: GraphNode,
  reads: ReadTransaction,
  tallyOf: (node: GraphNode) => Tally,
): Enumeration {
  return node.operator.enumerate(
    reads,
    node.inputs.map((input) => () => enumerateNode(input, reads, tallyOf)),
    tallyOf(node),
  );
}

/** All nodes that `node` is computed from, and itself, by id. */
export function nodesBelow(node: GraphNode, found: Map<number, GraphNode> = new Map()): Map<number, GraphNode> {
  if (found.has(node.record.id)) return found;
  found.set(node.record.id, node);
  for (const input of node.inputs) nodesBelow(input, found);
  return found;
}

/**
 * An error that tells of a defect in one node or view and not of the store: its caches pay, not the stream. A codec
 * throws a FreshetError for a value that it does not know, such as a label that an enum got since the plan was made.
 */
export function isDefect(error: unknown): boolean {
  if (error instanceof AssertionError || error instanceof FreshetError) return true;
  return error instanceof TypeError || error instanceof RangeError;
}

/**
 * Runs `nodes` (in id order) once over the batches in `outputs`, and adds theirs, which nobody takes when `isFilling`. A node that breaks an
 * invariant is marked as failed and puts out nothing.
 */
export function runNodes(
  transaction: WriteTransaction,
  nodes: readonly GraphNode[],
  outputs: Map<number, DeltaBatch>,
  isFilling = false,
): void {
  for (const node of nodes) {
    if (node.failed) continue;
    const takesRepeats = node.operator.takesRepeats === true;
    const inputs = node.inputs.map(({ record: { id } }) =>
      takesRepeats ? (outputs.get(id) ?? EMPTY_BATCH) : consolidated(outputs, id),
    );
    if (inputs.every((input) => input.length === 0)) continue;
    node.changed = true;
    try {
      if (isFilling && node.operator.fill !== undefined) {
        node.operator.fill(transaction, inputs, node.tally);
        continue;
      }
      const output = node.operator.apply(transaction, inputs, node.tally);
      if (node.operator.repeats && output.length > 0) output.repeats = true;
      outputs.set(node.record.id, output);
    } catch (error) {
      if (!isDefect(error)) throw error;
      node.failed = true;
    }
  }
}
