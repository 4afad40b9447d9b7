import type { Node } from "libpg-query";
import { isTreeObject, type TreeObject } from "../parser/tree.ts";

/** Node kinds that may make up the side of a comparison that is looked up by. */
const KINDS = new Set(["ColumnRef", "FuncCall", "TypeCast", "CoalesceExpr", "MinMaxExpr", "A_Expr", "A_Const"]);
/** Operators that bind more tightly than IN and the comparisons, so that `x IN (…)` may become `x = ANY (…)`. */
const TIGHT_OPERATORS = new Set(["+", "-", "*", "/", "%", "^", "||"]);

/**
 * Whether the value of `node` may be looked up by: it reads a column, and holds no parameter,
 * sub-query or comparison. With `withoutLiterals` (the other side is a literal) it holds no literal either.
 */
export function isKeyExpression(node: Node, withoutLiterals: boolean): boolean {
  if ("ColumnRef" in node) return true;
  const parts: TreeObject[] = [];
  collectNodes(node, parts);
  let readsColumn = false;
  for (const part of parts) {
    const kind = Object.keys(part)[0] as string;
    if (!KINDS.has(kind) || (withoutLiterals && kind === "A_Const")) return false;
    if (kind === "A_Expr" && !isTight(part["A_Expr"])) return false;
    readsColumn ||= kind === "ColumnRef";
  }
  return readsColumn;
}

/** Expression nodes of a tree; names (strings) and the names of types have no say. */
function collectNodes(value: unknown, nodes: TreeObject[]): void {
  if (Array.isArray(value)) {
    for (const item of value) collectNodes(item, nodes);
    return;
  }
  if (!isTreeObject(value)) return;
  for (const [name, content] of Object.entries(value)) {
    if (name === "String" || name === "typeName") continue;
    if (/^[A-Z]/.test(name) && isTreeObject(content)) nodes.push(value);
    if (name !== "ColumnRef") collectNodes(content, nodes);
  }
}

function isTight(expression: unknown): boolean {
  if (!isTreeObject(expression) || expression["kind"] !== "AEXPR_OP" || !Array.isArray(expression["name"]))
    return false;
  const [name, ...rest]: readonly unknown[] = expression["name"];
  if (rest.length > 0 || !isTreeObject(name) || !isTreeObject(name["String"])) return false;
  return TIGHT_OPERATORS.has(String(name["String"]["sval"]));
}
