import { isTreeObject, type TreeObject, walkTree } from "../parser/tree.ts";
import { isHarmlessFunction } from "./harmless-functions.ts";

/** What a statement's tree holds anywhere in it. */
export interface TreeFacts {
  /** Only known harmless built-ins are called, and no operator outside pg_catalog is named. */
  readonly harmless: boolean;
  /** FOR UPDATE, FOR SHARE and the like. */
  readonly locks: boolean;
  /** SELECT INTO. */
  readonly into: boolean;
  /** A data-modifying statement (at the top or in WITH). */
  readonly modifies: boolean;
}

const MODIFYING = ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];

export function treeFacts(tree: unknown): TreeFacts {
  let harmless = true;
  let locks = false;
  let into = false;
  let modifies = false;
  walkTree(tree, (object) => {
    if (isTreeObject(object["FuncCall"])) harmless &&= isHarmlessFunction(namePath(object["FuncCall"]["funcname"]));
    if (isTreeObject(object["A_Expr"])) harmless &&= isBuiltInName(namePath(object["A_Expr"]["name"]));
    if ("RangeTableSample" in object) harmless = false;
    locks ||= Array.isArray(object["lockingClause"]);
    into ||= isTreeObject(object["intoClause"]);
    modifies ||= MODIFYING.some((kind) => kind in object);
    return true;
  });
  return { harmless, locks, into, modifies };
}

/** The parts of a qualified name. */
export function namePath(names: unknown): readonly string[] {
  if (!Array.isArray(names)) return [];
  return names.map((name: unknown) => stringOf(name));
}

function stringOf(name: unknown): string {
  const node: TreeObject = isTreeObject(name) ? name : {};
  const text = isTreeObject(node["String"]) ? node["String"]["sval"] : undefined;
  return typeof text === "string" ? text : "";
}

function isBuiltInName(path: readonly string[]): boolean {
  return path.length < 2 || path[0] === "pg_catalog";
}
