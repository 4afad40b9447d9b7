import { createHash } from "node:crypto";
import { canonicalTree, isTreeObject, type TreeObject } from "../parser/tree.ts";
import type { PlacedSlot } from "./find-slots.ts";

/** `q_` and 16 hex digits: equal for statements that differ at most in their constants, parameters and lengths of lists. */
export function queryId(tree: unknown): string {
  return `q_${digest(canonicalTree(tree, blankConstant)).slice(0, 16)}`;
}

/** The query id of what cannot be parsed: its normalised text stands for the tree. */
export function textQueryId(normalized: string): string {
  return `q_${digest(`text ${normalized.toLowerCase()}`).slice(0, 16)}`;
}

/**
 * 32 hex digits: equal exactly for SELECTs whose trees differ at most in what their slots hold. A slot's number is part of it, for one tree may
 * be written in several orders (`OFFSET 1 LIMIT 2`, `LIMIT 2 OFFSET 1`), and then equal numbers mean different places.
 */
export function shapeKey(tree: unknown, placed: readonly PlacedSlot[]): string {
  const markers = new Map<object, string>(placed.map(({ slot, object }, index) => [object, `@${index} ${slot.role}`]));
  return digest(canonicalTree(tree, (object) => markers.get(object))).slice(0, 32);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function blankConstant(object: TreeObject): string | undefined {
  if (isBlank(object)) return "?";
  const list = object["List"];
  if (!isTreeObject(list) || !Array.isArray(list["items"])) return undefined;
  return list["items"].every((item) => isTreeObject(item) && isBlank(item)) ? "?*" : undefined;
}

function isBlank(object: TreeObject): boolean {
  const constant = object["A_Const"];
  return "ParamRef" in object || (isTreeObject(constant) && constant["isnull"] !== true);
}
