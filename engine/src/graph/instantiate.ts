import type { WriteTransaction } from "@freshet/store";
import type { Catalog } from "../catalog/catalog.ts";
import { putRecord } from "../catalog/records.ts";
import { newTally } from "../state/tally.ts";
import type { GraphNode } from "./graph-node.ts";
import { arrangementsNeeded, type NodeRecord } from "./node-spec.ts";
import type { SpecNode } from "./plan-specs.ts";

/** What a plan added to the graph. */
export interface Instantiated {
  readonly output: GraphNode;
  /** Nodes made for this plan, in id order; not live. */
  readonly added: readonly GraphNode[];
}

/** Adds the nodes a plan needs and shares those that are there and live. */
export function instantiate(
  catalog: Catalog,
  transaction: WriteTransaction,
  root: SpecNode,
  cacheId: number,
): Instantiated {
  const added = new Map<SpecNode, GraphNode>();
  const visit = (spec: SpecNode): GraphNode => {
    const known = added.get(spec);
    if (known !== undefined) return known;
    const shared = catalog.shareable.get(spec.hash);
    if (shared !== undefined) return shared;
    const inputs = spec.inputs.map(visit);
    const record: NodeRecord = {
      id: catalog.takeId(transaction),
      hash: spec.hash,
      spec: spec.spec,
      inputs: inputs.map((input) => input.record.id),
      columns: spec.columns,
      types: spec.types,
      collations: spec.collations,
      arrangements: Array.from({ length: arrangementsNeeded(spec.spec) }, () => catalog.takeId(transaction)),
    };
    const node = catalog.addNode(record, newTally(), false);
    putRecord(transaction, "node", record.id, { node: record, building: cacheId });
    added.set(spec, node);
    return node;
  };
  const output = visit(root);
  return { output, added: [...added.values()] };
}
