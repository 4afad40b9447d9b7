import { FreshetError } from "@freshet/base";
import { describe, expect, it } from "vitest";
import { TREE_15, TREE_18 } from "../testing/recorded-trees.ts";
import { type NodeValue, parseNodeTree, TreeNode } from "./node-tree.ts";
import { collectOids, someNode } from "./tree-oids.ts";

function node(text: string): TreeNode {
  const value = parseNodeTree(text);
  if (!(value instanceof TreeNode)) throw new Error("not a node");
  return value;
}

function onlyQuery(tree: NodeValue): TreeNode {
  let value: NodeValue | undefined = tree;
  while (Array.isArray(value)) value = (value as readonly NodeValue[])[0];
  if (!(value instanceof TreeNode)) throw new Error("not a query");
  return value;
}

describe("parseNodeTree", () => {
  it("reads numbers, booleans, names and absent values", () => {
    const tree = node('{X :a -3 :b true :c <> :d na\\ me :e \\<> :f ""}');
    expect(tree.int("a")).toBe(-3);
    expect(tree.flag("b")).toBe(true);
    expect(tree.textOrNull("c")).toBeNull();
    expect(tree.text("d")).toBe("na me");
    expect(tree.text("e")).toBe("<>");
    expect(tree.text("f")).toBe("");
    expect(tree.nodes("c")).toEqual([]);
  });

  it("reads lists of each kind", () => {
    const tree = node('{X :i (i 1 -2) :o (o 16 25) :b (b 8 9) :e (b) :s ("a" "b\\ c" "\\"") :n ({Y :a 1} {Z :a 2})}');
    expect(tree.ints("i")).toEqual([1, -2]);
    expect(tree.ints("o")).toEqual([16, 25]);
    expect(tree.ints("b")).toEqual([8, 9]);
    expect(tree.ints("e")).toEqual([]);
    expect(tree.names("s")).toEqual(["a", "b c", '"']);
    expect(tree.nodes("n").map((item) => item.type)).toEqual(["Y", "Z"]);
  });

  it("reads a datum, whose bytes may be printed as signed", () => {
    const { length, bytes } = node("{CONST :constvalue 6 [ 24 0 0 0 -61 -87 ]}").datum("constvalue");
    expect(length).toBe(6);
    expect(bytes).toEqual(Buffer.from([24, 0, 0, 0, 0xc3, 0xa9]));
  });

  it("gives the labels of older servers today's names", () => {
    expect(node("{COALESCE :args <>}").type).toBe("COALESCEEXPR");
    expect(node("{RTE :rtekind 0}").type).toBe("RANGETBLENTRY");
  });

  it.each(["{X :a 1", "{X a 1}", "(1 2", "{X :a 1}}", "", "{X :a [ 1", ")"])(
    "refuses %s as a query beyond Freshet",
    (text) => {
      expect(() => parseNodeTree(text)).toThrow(FreshetError);
    },
  );

  it("refuses to read a field as what it is not", () => {
    const tree = node("{X :a 1 :n {Y :b 2} :l (i 1)}");
    expect(() => tree.flag("a")).toThrow("not understood");
    expect(() => tree.int("n")).toThrow("not understood");
    expect(() => tree.node("a")).toThrow("not understood");
    expect(() => tree.nodes("l")).toThrow("not understood");
    expect(() => tree.names("n")).toThrow("not understood");
    expect(() => tree.datum("l")).toThrow("not understood");
    expect(() => tree.int("missing")).toThrow("not understood");
    expect(tree.intOr("missing", 7)).toBe(7);
  });
});

describe.each([
  ["18", TREE_18],
  ["15", TREE_15],
])("a tree recorded from PostgreSQL %s", (_major, text) => {
  const tree = parseNodeTree(text);
  const query = onlyQuery(tree);

  it("has the query with its names unescaped", () => {
    expect(query.type).toBe("QUERY");
    expect(query.nodes("targetList").map((entry) => entry.text("resname"))).toEqual(["a {b}", "we ird(:x\\"]);
    const [entry] = query.nodes("rtable");
    expect(entry?.node("eref").names("colnames")).toEqual(["id", "we ird(:x\\"]);
  });

  it("has the constant's bytes", () => {
    const constants: Buffer[] = [];
    someNode(tree, (item) => {
      if (item.type === "CONST") constants.push(item.datum("constvalue").bytes);
      return false;
    });
    expect(constants.map((bytes) => bytes.subarray(4).toString("utf8"))).toEqual(["é"]);
  });

  it("names the OIDs of everything it uses", () => {
    const oids = collectOids(tree, { types: [20] });
    expect([...oids.types].sort((a, b) => a - b)).toEqual([16, 20, 23, 25]);
    expect([...oids.functions].sort((a, b) => a - b)).toEqual([65, 67]);
    expect([...oids.operators].sort((a, b) => a - b)).toEqual([96, 98]);
    expect([...oids.collations]).toEqual([100]);
    expect(oids.relations.size).toBe(1);
  });
});
