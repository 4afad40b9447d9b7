import { describe, expect, it } from "vitest";
import { groupingSets, totalRows } from "./grouping-sets.ts";
import { parseNodeTree, TreeNode } from "./node-tree.ts";

/** A query's tree, reduced to its GROUP BY. */
function query(sets: string, distinct = false): TreeNode {
  const tree = parseNodeTree(`{QUERY :groupClause <> :groupDistinct ${distinct} :groupingSets ${sets}}`);
  if (tree instanceof TreeNode) return tree;
  throw new Error("no node");
}

const simple = (...references: readonly number[]): string =>
  `{GROUPINGSET :kind 1 :content (i ${references.join(" ")})}`;
const rollup = `{GROUPINGSET :kind 2 :content (${simple(1)} ${simple(2, 3)})}`;
const cube = `{GROUPINGSET :kind 3 :content (${simple(1)} ${simple(2)})}`;
const empty = "{GROUPINGSET :kind 0 :content <>}";

describe("grouping sets", () => {
  it("are null without any", () => {
    expect(groupingSets(query("<>"))).toBeNull();
    expect(totalRows(query("<>"))).toBe(1);
  });

  it("of ROLLUP leave out one item after another from the end", () => {
    expect(groupingSets(query(`(${rollup})`))).toEqual([[1, 2, 3], [1], []]);
    expect(totalRows(query(`(${rollup})`))).toBe(1);
  });

  it("of CUBE are all choices of items", () => {
    expect(groupingSets(query(`(${cube})`))).toEqual([[1, 2], [1], [2], []]);
  });

  it("are multiplied out", () => {
    const nested = `{GROUPINGSET :kind 4 :content (${simple(2)} ${empty} ${cube})}`;
    expect(groupingSets(query(`(${simple(1)} ${nested})`))).toEqual([[1, 2], [1], [1, 2], [1], [1, 2], [1]]);
  });

  it("are each there once with DISTINCT", () => {
    expect(groupingSets(query(`(${simple(1)} ${cube})`, true))).toEqual([[1, 2], [1]]);
    expect(totalRows(query(`({GROUPINGSET :kind 4 :content (${empty} ${empty})})`))).toBe(2);
    expect(totalRows(query(`({GROUPINGSET :kind 4 :content (${empty} ${empty})})`, true))).toBe(1);
  });
});
