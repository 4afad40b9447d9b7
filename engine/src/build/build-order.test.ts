import { expect, test } from "vitest";
import type { GraphNode } from "../graph/graph-node.ts";
import { newTally } from "../state/tally.ts";
import { UnitOperator } from "../operators/unit.ts";
import { BuildOrder } from "./build-order.ts";

function node(id: number, hasState: boolean, inputs: readonly GraphNode[]): GraphNode {
  const record = {
    id,
    hash: String(id),
    spec: { kind: "unit" } as const,
    inputs: inputs.map((input) => input.record.id),
    columns: [],
    types: [],
    collations: [],
    arrangements: hasState ? [100 + id] : [],
  };
  const state = { live: false, pending: true, failed: false, changed: false };
  return { record, operator: new UnitOperator(), inputs, tally: newTally(), ...state };
}

const ids = (nodes: readonly GraphNode[]): number[] => nodes.map(({ record }) => record.id);

test("each node is filled as late as its consumers allow, and live only with the layer that reads it", () => {
  const table = node(0, true, []);
  const early = node(1, false, [table]);
  const groups = node(2, true, [table]);
  const ranks = node(3, true, [groups]);
  const arranged = node(4, true, [early]);
  const both = node(5, true, [early, ranks, arranged]);
  const shown = node(6, false, [both]);
  const order = new BuildOrder([early, groups, ranks, arranged, both, shown], shown);
  const layers = Array.from({ length: 4 }, () => {
    const { targets, stateless } = order.next();
    return { targets: ids(targets), stateless: ids(stateless) };
  });
  expect(layers).toEqual([
    { targets: [2], stateless: [] },
    { targets: [3, 4], stateless: [1] },
    { targets: [5], stateless: [] },
    { targets: [], stateless: [6] },
  ]);
  expect(() => order.next()).toThrow("a build has ended");
});

test("a plan whose nodes are all there has the view's layer alone", () => {
  expect(new BuildOrder([], node(1, true, [])).next()).toEqual({ targets: [], stateless: [] });
});
