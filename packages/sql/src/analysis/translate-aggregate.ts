import { type ColumnType, Oid } from "@freshet/values";
import type { ColumnExpression, Expression } from "../plan/expression.ts";
import { type AggregateCall, type AggregateName, isListAggregate } from "../plan/aggregate-call.ts";
import { acceptsArgument, engineAggregate } from "./aggregate-functions.ts";
import { hasEquality } from "./catalog-types.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { translateListAggregate } from "./translate-list-aggregate.ts";
import { translateOrderedSet } from "./translate-ordered-set.ts";
import { checkCollation } from "./translate-call.ts";
import { BOOL_TYPE } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";
import { hasInfiniteIntervals } from "./version-changes.ts";

const TRUE: Expression = { kind: "constant", value: "\x01", type: BOOL_TYPE };

/** An aggregate's call becomes a symbol; the call itself is kept in the scope. */
export function translateAggregate(node: TreeNode, scope: QueryScope): ColumnExpression {
  return scope.aggregate(translateAggregateCall(node, scope));
}

export function translateAggregateCall(node: TreeNode, scope: QueryScope): AggregateCall {
  const info = scope.catalog.functions.get(node.int("aggfnoid"));
  const name = info?.schema === "pg_catalog" ? engineAggregate(info.name) : undefined;
  if (name === undefined) throw unsupported(`aggregate ${info?.name ?? "function"}() is not supported`);
  if (node.int("agglevelsup") > 0) throw unsupported("an aggregate belongs to the query around its subquery");
  if (node.text("aggkind") !== "n") return translateOrderedSet(name, node, scope);
  if (isListAggregate(name)) return translateListAggregate(name, node, scope);
  checkUnneededOrder(name, node, scope);
  const args = node
    .nodes("args")
    .filter((entry) => !entry.flag("resjunk"))
    .map((entry) => scope.translate(entry.node("expr")));
  const distinct = node.nodes("aggdistinct").length > 0;
  const inputCollation = node.int("inputcollid");
  const [arg = null, ...rest] = args;
  checkArgument(name, arg, distinct, inputCollation, scope);
  const filterNode = node.nodeOrNull("aggfilter");
  const filter = filterNode === null ? null : scope.translate(filterNode);
  const type: ColumnType = { typeOid: node.int("aggtype"), typmod: -1, collation: node.int("aggcollid") };
  const isSum = name === "sum" || name === "avg";
  const infinities = isSum && type.typeOid === Oid.interval && hasInfiniteIntervals(scope.catalog.serverVersion);
  const call = { name, distinct, type, inputCollation, ...(infinities ? { infinities } : {}) };
  if (rest.length > 0) return { ...call, arg, rest, ...(filter === null ? {} : { filter }) };
  return { ...call, arg: filter === null ? arg : filteredArgument(arg, filter) };
}

/** ORDER BY changes nothing in these aggregates, but PostgreSQL evaluates its expressions, which may fail. */
function checkUnneededOrder(name: AggregateName, node: TreeNode, scope: QueryScope): void {
  for (const entry of node.nodes("args")) {
    if (entry.flag("resjunk") && scope.translate(entry.node("expr")).kind !== "column")
      throw unsupported(`${name}() with ORDER BY an expression is not supported`, {
        hint: "The order has no influence on the result: leave it out.",
      });
  }
}

/** These aggregates ignore NULL, so FILTER is a CASE around the argument; of count(*) the argument is then true. */
function filteredArgument(arg: Expression | null, filter: Expression): Expression {
  const value = arg ?? TRUE;
  return { kind: "case", arms: [{ when: filter, then: value }], otherwise: null, type: value.type };
}

function checkArgument(
  name: AggregateName,
  arg: Expression | null,
  distinct: boolean,
  collation: number,
  scope: QueryScope,
): void {
  if (arg === null) return;
  const { typeOid } = arg.type;
  const refusal = (): Error => unsupported(`${name}(${scope.typeName(typeOid)}) is not supported`);
  if (!acceptsArgument(name, typeOid, scope)) throw refusal();
  if (name === "min" || name === "max") checkCollation(`${name}()`, true, collation, scope);
  else if (distinct && name !== "any_value") {
    if (!hasEquality(scope.catalog.types, typeOid)) throw refusal();
    checkCollation(`${name}(DISTINCT)`, false, arg.type.collation, scope);
  }
}
