import type { GraphNodeInfo } from "@freshet/contract";
import { callText, type Expression } from "@freshet/sql";
import type { GraphNode } from "./graph-node.ts";
import type { NodeSpec } from "./node-spec.ts";
import type { SpecNode } from "./plan-specs.ts";

function list(expressions: readonly Expression[]): string {
  return expressions.map((expression) => describeExpression(expression)).join(", ");
}

/** A short form of an expression: columns as $0, $1, … and calls by their function. */
function describeExpression(expression: Expression): string {
  switch (expression.kind) {
    case "column":
      return `column ${expression.index + 1}`;
    case "constant":
      return expression.value === null ? "NULL" : "constant";
    case "call":
      return `${expression.name}(${list(expression.args)})`;
    case "and":
    case "or":
    case "not":
    case "coalesce":
    case "greatest":
    case "least":
      return `${expression.kind}(${list(expression.args)})`;
    default:
      return expression.kind;
  }
}

/** What a node does, in one line. */
export function describeSpec(spec: NodeSpec): string {
  switch (spec.kind) {
    case "table":
      return `table ${spec.tableOid}`;
    case "source":
      return `${spec.positions.length} of ${spec.tableColumns} columns`;
    case "filter":
      return describeExpression(spec.predicate);
    case "project":
      return list(spec.expressions);
    case "expand":
      return spec.sources.map((source) => (source.kind === "rows" ? "rows" : source.name)).join(", ");
    case "arrange":
      return spec.keys.length === 0 ? "without key" : `by ${list(spec.keys)}`;
    case "join":
      return spec.residual === null ? spec.join : `${spec.join}, on ${describeExpression(spec.residual)}`;
    case "aggregate": {
      const calls = spec.aggregates.map(
        ({ name, distinct, arg }) =>
          `${name}(${distinct ? "distinct " : ""}${arg === null ? "*" : describeExpression(arg)})`,
      );
      return `${calls.join(", ")}${spec.groups.length === 0 ? "" : ` by ${list(spec.groups)}`}`;
    }
    case "top-k":
      return `limit ${spec.limit ?? "none"}${spec.ties === true ? " with ties" : ""} offset ${spec.offset}`;
    case "single-row":
      return spec.partition.length === 0 ? "" : `of each ${list(spec.partition)}`;
    case "set-operation":
      return `${spec.operation}${spec.all ? " all" : ""}`;
    case "recursive":
      return `union${spec.all ? " all" : ""} of ${spec.nodes.length} nodes`;
    case "recursive-input":
      return spec.input === 0 ? "the result so far" : `input ${spec.input}`;
    case "window": {
      const calls = spec.calls.map((call) => (call.kind === "aggregate" ? call.call.name : call.name)).join(", ");
      return `${calls}${spec.partition.length === 0 ? "" : ` partitioned by ${list(spec.partition)}`}`;
    }
    case "upstream-calls":
      return `${spec.calls.map((call) => callText(call, describeExpression)).join(", ")} as ${spec.role}`;
    case "unit":
    case "distinct":
    case "union-all":
      return "";
  }
}

/** The nodes of a plan that is not in the graph; `isShared` tells which ones are. */
export function describePlan(root: SpecNode, isShared: (hash: string) => boolean): GraphNodeInfo[] {
  const infos: GraphNodeInfo[] = [];
  const visit = (node: SpecNode, depth: number): void => {
    const { spec, hash } = node;
    infos.push({
      id: 0,
      depth,
      operator: spec.kind,
      detail: describeSpec(spec),
      shared: isShared(hash),
      rows: 0,
      bytes: 0,
    });
    for (const input of node.inputs) visit(input, depth + 1);
  };
  visit(root, 0);
  return infos;
}

/** The nodes of a cache; `usesOf` counts the caches on a node. */
export function describeGraph(root: GraphNode, usesOf: (node: GraphNode) => number): GraphNodeInfo[] {
  const infos: GraphNodeInfo[] = [];
  const visit = (node: GraphNode, depth: number): void => {
    const { id, spec } = node.record;
    const { rows, bytes } = node.tally;
    infos.push({ id, depth, operator: spec.kind, detail: describeSpec(spec), shared: usesOf(node) > 1, rows, bytes });
    for (const input of node.inputs) visit(input, depth + 1);
  };
  visit(root, 0);
  return infos;
}
