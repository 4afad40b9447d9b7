import type { A_Expr, Node, SelectStmt } from "libpg-query";
import { nextToken } from "../parser/tokenizer.ts";
import { walkTree } from "../parser/tree.ts";
import { innerJoinConditions } from "./inner-join-conditions.ts";
import { isKeyExpression } from "./key-expression.ts";
import { literalEnd, literalOf } from "./literal.ts";
import type { Slot, SlotItem } from "./shape.ts";

/** A slot and the object of the tree that it replaces. */
export interface PlacedSlot {
  readonly slot: Slot;
  readonly object: object;
}

const RANGE_OPERATORS = new Set(["<", "<=", ">", ">="]);

/**
 * The slots of a SELECT, by their place in the text. `bytes` is the text in one character per byte
 * (parser/byte-text.ts), which the tree's locations refer to.
 */
export function findSlots(select: SelectStmt, bytes: string): readonly PlacedSlot[] {
  const placed: PlacedSlot[] = [];
  if ((select.op ?? "SETOP_NONE") === "SETOP_NONE") {
    for (const conjunct of conjuncts(select.whereClause)) {
      if ("A_Expr" in conjunct) placed.push(...comparisonSlots(conjunct.A_Expr, bytes));
    }
    for (const conjunct of innerJoinConditions(select.fromClause ?? []).flatMap(conjuncts)) {
      // A literal there stays part of the plan: only the rows that it selects are kept.
      if ("A_Expr" in conjunct) placed.push(...comparisonSlots(conjunct.A_Expr, bytes).filter(holdsParameters));
    }
    if (select.limitOption === "LIMIT_OPTION_COUNT") placed.push(...rowCountSlot("limit", select.limitCount, bytes));
    placed.push(...rowCountSlot("offset", select.limitOffset, bytes));
  }
  placed.push(...otherParameters(select, placed, bytes));
  return placed.toSorted((left, right) => left.slot.start - right.slot.start);
}

function holdsParameters({ slot }: PlacedSlot): boolean {
  return slot.items.every((item) => item.kind === "parameter");
}

/** The top-level AND arms of a condition. */
function conjuncts(condition: Node | undefined): readonly Node[] {
  if (condition === undefined) return [];
  if (!("BoolExpr" in condition) || condition.BoolExpr.boolop !== "AND_EXPR") return [condition];
  return (condition.BoolExpr.args ?? []).flatMap(conjuncts);
}

function comparisonSlots(expression: A_Expr, bytes: string): readonly PlacedSlot[] {
  const { kind, lexpr, rexpr } = expression;
  if (lexpr === undefined || rexpr === undefined) return [];
  const operator = operatorName(expression);
  if (kind === "AEXPR_OP") {
    const role = operator === "=" ? "equality" : RANGE_OPERATORS.has(operator) ? "range" : null;
    return role === null ? [] : [...itemSlot(role, rexpr, lexpr, bytes), ...itemSlot(role, lexpr, rexpr, bytes)];
  }
  if (kind === "AEXPR_OP_ANY" && operator === "=" && "ParamRef" in rexpr) return itemSlot("array", rexpr, lexpr, bytes);
  if (!("List" in rexpr)) return [];
  const items = rexpr.List.items ?? [];
  if (kind === "AEXPR_BETWEEN") return items.flatMap((item) => itemSlot("range", item, lexpr, bytes));
  if (kind === "AEXPR_IN" && operator === "=") return listSlot(expression, rexpr, items, lexpr, bytes);
  return [];
}

/** The operator's name when it is written plainly; empty for OPERATOR(schema.op). */
function operatorName(expression: A_Expr): string {
  const [name, ...rest] = expression.name ?? [];
  return name !== undefined && rest.length === 0 && "String" in name ? (name.String.sval ?? "") : "";
}

/** `node` as a slot's single item, when it is a plain literal or parameter and `key` may be its other side. */
function itemSlot(role: "equality" | "range" | "array", node: Node, key: Node, bytes: string): readonly PlacedSlot[] {
  const found = itemAt(node, bytes);
  if (found === null || !isKeyExpression(key, found.item.kind === "literal")) return [];
  return [{ slot: { role, items: [found.item], start: found.start, end: found.end }, object: node }];
}

interface FoundItem {
  readonly item: SlotItem;
  readonly start: number;
  readonly end: number;
}

function itemAt(node: Node, bytes: string): FoundItem | null {
  if ("ParamRef" in node) {
    const { number = 0, location: start = 0 } = node.ParamRef;
    const token = nextToken(bytes, start);
    return token?.kind === "parameter" && token.start === start
      ? { item: { kind: "parameter", number }, start, end: token.end }
      : null;
  }
  const literal = literalOf(node);
  if (literal === null || !("A_Const" in node)) return null;
  const start = node.A_Const.location ?? 0;
  const end = start < 0 ? null : literalEnd(bytes, start);
  return end === null ? null : { item: { kind: "literal", literal }, start, end };
}

function listSlot(
  expression: A_Expr,
  list: Node,
  members: readonly Node[],
  key: Node,
  bytes: string,
): readonly PlacedSlot[] {
  const items: SlotItem[] = [];
  for (const member of members) {
    const found = itemAt(member, bytes);
    if (found === null || !isKeyExpression(key, found.item.kind === "literal")) return [];
    items.push(found.item);
  }
  const { location: listStart, rexpr_list_start: start, rexpr_list_end: last } = expression;
  if (items.length === 0 || listStart === undefined || start === undefined || last === undefined) return [];
  return [{ slot: { role: "list", items, start, end: last + 1, listStart }, object: list }];
}

/** LIMIT and OFFSET: a parameter or a plain row count. */
function rowCountSlot(role: "limit" | "offset", node: Node | undefined, bytes: string): readonly PlacedSlot[] {
  if (node === undefined) return [];
  const found = itemAt(node, bytes);
  if (found === null) return [];
  const { item, start, end } = found;
  if (item.kind === "literal" && (item.literal.kind !== "integer" || item.literal.text.startsWith("-"))) return [];
  return [{ slot: { role, items: [item], start, end }, object: node }];
}

/** Every `$n` that no slot holds yet. */
function otherParameters(select: SelectStmt, placed: readonly PlacedSlot[], bytes: string): readonly PlacedSlot[] {
  const taken = new Set<object>(placed.map(({ object }) => object));
  const others: PlacedSlot[] = [];
  walkTree(select, (object) => {
    if (taken.has(object)) return false;
    const node: object = object;
    if (!isParameterNode(node)) return true;
    const found = itemAt(node, bytes);
    if (found !== null)
      others.push({ slot: { role: "other", items: [found.item], start: found.start, end: found.end }, object });
    return false;
  });
  return others;
}

function isParameterNode(object: object): object is Extract<Node, { ParamRef: unknown }> {
  return "ParamRef" in object;
}
