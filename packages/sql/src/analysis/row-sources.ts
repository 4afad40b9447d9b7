import { must } from "@freshet/base";
import { type ColumnType, Oid } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import { expandPlan, projectPlan, UNIT_PLAN } from "../plan/plan-build.ts";
import { mapSource, type RowSource, type SetFunctionCall, sourceExpressions } from "../plan/row-source.ts";
import { columnsOf } from "../plan/expression-walk.ts";
import { type NodeValue, TreeNode } from "./node-tree.ts";
import type { QueryScope, Relation } from "./query-scope.ts";
import { asOuter } from "./sublinks.ts";
import { checkPathArguments } from "./constant-paths.ts";
import { withDefaults } from "./default-arguments.ts";
import { RteKind } from "./table-checks.ts";
import { checkFunction, pureFunction } from "./translate-call.ts";
import { unsupported } from "./unsupported.ts";

/** Column types of the built-ins that return rows of several columns, by C symbol. */
const ROW_TYPES: ReadonlyMap<string, readonly number[]> = new Map([
  ["jsonb_each", [Oid.text, Oid.jsonb]],
  ["json_each", [Oid.text, Oid.json]],
  ["jsonb_each_text", [Oid.text, Oid.text]],
  ["json_each_text", [Oid.text, Oid.text]],
]);

/** A call of a function that returns a set. */
export function translateSetFunction(node: TreeNode, scope: QueryScope): SetFunctionCall {
  if (node.flag("funcvariadic")) throw unsupported("VARIADIC calls are not supported");
  const info = pureFunction(node.int("funcid"), scope);
  const inputCollation = node.int("inputcollid");
  checkFunction(info, 0, inputCollation, scope);
  const result: ColumnType = {
    typeOid: node.int("funcresulttype"),
    typmod: -1,
    collation: node.int("funccollid"),
  };
  const several = ROW_TYPES.get(info.symbol);
  const given = node.nodes("args").map((arg) => scope.translate(arg));
  const args = withDefaults(info, given);
  checkPathArguments(args);
  return {
    kind: "function",
    name: info.symbol,
    strict: info.strict,
    inputCollation,
    args,
    columns: several?.map((typeOid) => ({ typeOid, typmod: -1, collation: 0 })) ?? [result],
  };
}

export function isSetFunction(node: TreeNode): boolean {
  return node.type === "FUNCEXPR" && node.flag("funcretset");
}

/** One function of a FROM item; one that returns no set gives one row. */
function translateFromFunction(item: TreeNode, scope: QueryScope): RowSource {
  if (item.listLength("funccoltypes") > 0) throw unsupported("a column definition list is not supported");
  const node = item.node("funcexpr");
  if (isSetFunction(node)) {
    const source = translateSetFunction(node, scope);
    if (source.columns.length === item.int("funccolcount")) return source;
    throw unsupported(`what ${source.name}() returns is not supported`);
  }
  const expression = scope.translate(node);
  return { kind: "rows", rows: [[expression]], columns: [expression.type] };
}

function translateValues(entry: TreeNode, scope: QueryScope): RowSource {
  const [types, typmods, collations] = ["coltypes", "coltypmods", "colcollations"].map((field) => entry.ints(field));
  const columns = must(types).map((typeOid, index) => ({
    typeOid,
    typmod: must(typmods?.[index]),
    collation: must(collations?.[index]),
  }));
  const lists = entry.fields.get("values_lists");
  const rows = (Array.isArray(lists) ? (lists as readonly NodeValue[]) : []).map((list) =>
    (Array.isArray(list) ? (list as readonly NodeValue[]) : []).map((item) => {
      if (!(item instanceof TreeNode)) throw unsupported("a VALUES list is not understood");
      return scope.translate(item);
    }),
  );
  return { kind: "rows", rows, columns };
}

/** The rows that a VALUES list or a function in FROM makes. */
interface EntrySources {
  readonly sources: readonly RowSource[];
  readonly ordinality: boolean;
}

/** What a range table entry of kind values or function makes; null for all others. */
export function entrySources(entry: TreeNode, scope: QueryScope): EntrySources | null {
  switch (entry.int("rtekind")) {
    case RteKind.values:
      return { sources: [translateValues(entry, scope)], ordinality: false };
    case RteKind.function: {
      const sources = entry.nodes("functions").map((item) => translateFromFunction(item, scope));
      return { sources, ordinality: entry.flag("funcordinality") };
    }
    default:
      return null;
  }
}

/** The symbols of this query level that a VALUES list or function reads; null for other entries. */
export function sourceSymbols(entry: TreeNode, scope: QueryScope): readonly number[] | null {
  const made = entrySources(entry, scope);
  return made === null ? null : [...columnsOf(...made.sources.flatMap(sourceExpressions))];
}

/** The rows of a VALUES list or function, with the columns `own`; what it reads of this query level are outer symbols. */
export function planSources(
  { sources, ordinality }: EntrySources,
  own: readonly number[],
  scope: QueryScope,
): Relation {
  const args = sources.flatMap(sourceExpressions);
  if ([...columnsOf(...args)].some((symbol) => scope.sublinks.get(symbol) !== undefined))
    throw unsupported("a subquery in the arguments of a function in FROM is not supported");
  const outer = sources.map((source) => mapSource(source, asOuter));
  const plan = expandPlan(UNIT_PLAN, outer, { ordinality });
  const expressions = own.map((symbol): Expression => {
    const { attribute, type } = scope.info(symbol);
    return { kind: "column", index: attribute - 1, type };
  });
  return { plan: projectPlan(plan, expressions), symbols: own };
}
