import { must } from "@freshet/base";
import type { AggregateCall, ListAggregateName } from "../plan/aggregate-call.ts";
import type { Expression } from "../plan/expression.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import type { SortKey } from "../plan/sort-key.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { fieldNames, rowAsJson } from "./row-json.ts";
import { isDescending } from "./translate-sort.ts";

/** The argument that a sort clause of an aggregate refers to. */
type Arguments = ReadonlyMap<number, Expression>;

/** The order of the rows. PostgreSQL lists with DISTINCT, behind what ORDER BY says, the arguments that it lacks. */
export function aggregateSort(clauses: readonly TreeNode[], args: Arguments, scope: QueryScope): SortKey[] {
  const sort: SortKey[] = [];
  for (const clause of clauses) {
    const expression = must(args.get(clause.int("tleSortGroupRef")), "an aggregate's ORDER BY item without target");
    const descending = isDescending(clause, expression.type, scope);
    if (sort.some((key) => canonicalJson(key.expression) === canonicalJson(expression))) continue;
    sort.push({ expression, descending, nullsFirst: clause.flag("nulls_first") });
  }
  return sort;
}

/** The arguments as written, and all that sort clauses refer to. */
export function translateArguments(
  node: TreeNode,
  scope: QueryScope,
): { readonly written: readonly Expression[]; readonly byReference: Arguments } {
  const written: Expression[] = [];
  const byReference = new Map<number, Expression>();
  for (const entry of node.nodes("args")) {
    const expression = scope.translate(entry.node("expr"));
    if (!entry.flag("resjunk")) written.push(expression);
    const reference = entry.int("ressortgroupref");
    if (reference !== 0) byReference.set(reference, expression);
  }
  return { written, byReference };
}

/** JSON of rows: behind one that is collected come the names of its columns; one that is a member's value is JSON already. */
function withRows(
  name: ListAggregateName,
  arg: Expression | undefined,
  rest: readonly Expression[],
  scope: QueryScope,
): readonly Expression[] {
  const { types } = scope.catalog;
  if (/^jsonb?_object_agg/.test(name))
    return rest.map((value) => rowAsJson(value, name.startsWith("jsonb") ? "jsonb" : "json", types));
  if (!/^jsonb?_agg/.test(name)) return rest;
  const names = arg === undefined ? null : fieldNames(arg.type.typeOid, types);
  return names === null ? rest : [...rest, names];
}

/** A call of an aggregate that makes one value of all rows, in an order. */
export function translateListAggregate(name: ListAggregateName, node: TreeNode, scope: QueryScope): AggregateCall {
  const { written, byReference } = translateArguments(node, scope);
  const [arg, ...others] = written;
  const type = { typeOid: node.int("aggtype"), typmod: -1, collation: node.int("aggcollid") };
  const distinct = node.nodes("aggdistinct");
  const filter = node.nodeOrNull("aggfilter");
  return {
    name,
    arg: must(arg, `${name}() without an argument`),
    rest: withRows(name, arg, others, scope),
    distinct: distinct.length > 0,
    sort: aggregateSort(distinct.length > 0 ? distinct : node.nodes("aggorder"), byReference, scope),
    ...(filter === null ? {} : { filter: scope.translate(filter) }),
    type,
    inputCollation: node.int("inputcollid"),
  };
}
