import { must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { ColumnExpression } from "../plan/expression.ts";
import { WINDOW_FUNCTIONS, type WindowCall, type WindowFunctionName } from "../plan/window.ts";
import { type NodeValue, TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { translateAggregateCall } from "./translate-aggregate.ts";
import { unsupported } from "./unsupported.ts";
import { translateFrame } from "./window-frame.ts";

function isWindowFunction(name: string): name is WindowFunctionName {
  return WINDOW_FUNCTIONS.some((known) => known === name);
}

/** The aggregate that a window call makes over each frame, as it would stand in a grouped query. */
function asAggregate(node: TreeNode): TreeNode {
  const args = node.nodes("args").map(
    (expr) =>
      new TreeNode(
        "TARGETENTRY",
        new Map<string, NodeValue>([
          ["expr", expr],
          ["resjunk", "false"],
          ["ressortgroupref", "0"],
        ]),
      ),
  );
  return new TreeNode(
    "AGGREF",
    new Map<string, NodeValue>([
      ["aggfnoid", String(node.int("winfnoid"))],
      ["aggtype", String(node.int("wintype"))],
      ["aggcollid", String(node.int("wincollid"))],
      ["inputcollid", String(node.int("inputcollid"))],
      ["aggdirectargs", null],
      ["args", args],
      ["aggorder", null],
      ["aggdistinct", null],
      ["aggfilter", node.nodeOrNull("aggfilter")],
      ["aggstar", String(node.flag("winstar"))],
      ["aggvariadic", "false"],
      ["aggkind", "n"],
      ["agglevelsup", "0"],
    ]),
  );
}

/** A window function's call becomes a symbol; the call itself is kept in the scope, with its window's number. */
export function translateWindowFunction(node: TreeNode, scope: QueryScope): ColumnExpression {
  const window = node.int("winref");
  const clause = must(
    scope.query.nodes("windowClause").find((candidate) => candidate.int("winref") === window),
    "a window function without window",
  );
  return scope.window(window, translateCall(node, clause, scope));
}

function translateCall(node: TreeNode, clause: TreeNode, scope: QueryScope): WindowCall {
  if (node.flag("winagg")) {
    const call = translateAggregateCall(asAggregate(node), scope);
    return { kind: "aggregate", call, frame: translateFrame(clause, scope), type: call.type };
  }
  const info = scope.catalog.functions.get(node.int("winfnoid"));
  if (info === undefined || info.schema !== "pg_catalog" || !isWindowFunction(info.name)) {
    throw unsupported(`window function ${info?.name ?? "function"}() is not supported`);
  }
  const args = node.nodes("args").map((arg) => scope.translate(arg));
  const type: ColumnType = { typeOid: node.int("wintype"), typmod: -1, collation: node.int("wincollid") };
  const { name } = info;
  if (name === "first_value" || name === "last_value" || name === "nth_value") {
    return { kind: "value", name, args, frame: translateFrame(clause, scope), type };
  }
  return { kind: "function", name, args, type };
}
