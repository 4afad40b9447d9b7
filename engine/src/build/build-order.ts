import { assert } from "@freshet/base";
import type { GraphNode } from "../graph/graph-node.ts";

/** One layer of a build; without targets it is the last one, which fills the view. */
export interface LayerNodes {
  /** Nodes with state that are filled. */
  readonly targets: readonly GraphNode[];
  /** Nodes without state whose output is wanted for the first time. */
  readonly stateless: readonly GraphNode[];
}

function hasState(node: GraphNode): boolean {
  return node.record.arrangements.length > 0;
}

/**
 * In which order new nodes are filled. A layer holds nodes with state whose inputs earlier layers have filled; and each node is filled as
 * late as its consumers allow, so that its output is enumerated in the very next layer. A node that were live before, and put out deltas to
 * nobody, would count what fails on these, and the enumeration later would count it again.
 */
export class BuildOrder {
  readonly #added: readonly GraphNode[];
  /** The layer, counted back from the view's, which is 0, that a node's output is first enumerated for. */
  readonly #wantedIn: ReadonlyMap<GraphNode, number>;
  #layer: number;

  /** `added`: the new nodes below `output`, inputs before their consumers. */
  constructor(added: readonly GraphNode[], output: GraphNode) {
    const wantedIn = new Map<GraphNode, number>([[output, 0]]);
    let last = 0;
    for (const node of added.toReversed()) {
      const wanted = wantedIn.get(node);
      assert(wanted !== undefined, "a new node is below the output");
      const layer = hasState(node) ? wanted + 1 : wanted;
      last = Math.max(last, layer);
      for (const input of node.inputs) wantedIn.set(input, Math.max(layer, wantedIn.get(input) ?? 0));
    }
    this.#added = added;
    this.#wantedIn = wantedIn;
    this.#layer = last;
  }

  /** The next layer. Called once for each. */
  next(): LayerNodes {
    const layer = this.#layer--;
    assert(layer >= 0, "a build has ended");
    return {
      targets: this.#added.filter((node) => hasState(node) && this.#wantedIn.get(node) === layer - 1),
      stateless: this.#added.filter((node) => !hasState(node) && this.#wantedIn.get(node) === layer),
    };
  }
}
