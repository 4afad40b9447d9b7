import { type NodeValue, TreeNode } from "../analysis/node-tree.ts";
import { kindOfField, oidsOf } from "../analysis/tree-oids.ts";
import { unsupported } from "../analysis/unsupported.ts";
import { clockComparison } from "./clock-comparison.ts";
import { isDaily } from "./daily-expression.ts";

/** What an analysed tree calls. */
export interface TreeCalls {
  readonly functions: Set<number>;
  readonly operators: Set<number>;
  /** Types whose output function is called, and whose input function is. */
  readonly written: Set<number>;
  readonly read: Set<number>;
  /** Whether CURRENT_DATE is read, or what changes no more often. */
  currentDate: boolean;
}

/** Members that tell an expression node's type. */
const TYPE_FIELDS: readonly string[] = [
  "vartype",
  "consttype",
  "paramtype",
  "funcresulttype",
  "opresulttype",
  "resulttype",
  "casetype",
  "coalescetype",
  "minmaxtype",
  "array_typeid",
  "aggtype",
  "wintype",
  "refrestype",
  "row_typeid",
];

/** `SQLValueFunctionOp`, by number. */
const VALUE_FUNCTIONS: readonly string[] = [
  "CURRENT_DATE",
  "CURRENT_TIME",
  "CURRENT_TIME",
  "CURRENT_TIMESTAMP",
  "CURRENT_TIMESTAMP",
  "LOCALTIME",
  "LOCALTIME",
  "LOCALTIMESTAMP",
  "LOCALTIMESTAMP",
  "CURRENT_ROLE",
  "CURRENT_USER",
  "USER",
  "SESSION_USER",
  "CURRENT_CATALOG",
  "CURRENT_SCHEMA",
];

/** Collects everything that a tree calls when it is run; refuses what depends on the session. */
export function collectCalls(tree: NodeValue): TreeCalls {
  const calls: TreeCalls = {
    functions: new Set(),
    operators: new Set(),
    written: new Set(),
    read: new Set(),
    currentDate: false,
  };
  visit(tree, calls);
  return calls;
}

function visit(value: NodeValue, calls: TreeCalls): void {
  if (value instanceof TreeNode) {
    if (isDaily(value)) {
      calls.currentDate = true;
      return;
    }
    // Followed by their thresholds.
    if (clockComparison(value) !== null) return;
    visitNode(value, calls);
    for (const [field, member] of value.fields) {
      const kind = kindOfField(field);
      if (kind === "functions" || kind === "operators") for (const oid of oidsOf(member)) calls[kind].add(oid);
      else visit(member, calls);
    }
  } else if (Array.isArray(value)) {
    for (const item of value as readonly NodeValue[]) visit(item, calls);
  }
}

function visitNode(node: TreeNode, calls: TreeCalls): void {
  switch (node.type) {
    case "COERCEVIAIO":
      calls.written.add(typeOf(node.node("arg")));
      calls.read.add(node.int("resulttype"));
      break;
    case "TABLEFUNC":
      for (const type of node.ints("coltypes")) calls.read.add(type);
      break;
    case "JSONEXPR":
      calls.read.add(node.node("returning").int("typid"));
      break;
    case "SQLVALUEFUNCTION":
      visitValueFunction(node.int("op"), calls);
      break;
    case "NEXTVALUEEXPR":
      throw unsupported("it takes a sequence's next value");
    default:
      break;
  }
}

function visitValueFunction(op: number, calls: TreeCalls): void {
  const name = VALUE_FUNCTIONS[op] ?? "a function of the session";
  if (name === "CURRENT_DATE") calls.currentDate = true;
  else if (name !== "CURRENT_CATALOG")
    throw unsupported(`${name} is STABLE: its value is another one later, or for another session`);
}

function typeOf(expression: TreeNode): number {
  for (const field of TYPE_FIELDS) if (expression.has(field)) return expression.int(field);
  throw unsupported("the type of an expression that is cast through its text form is not known");
}
