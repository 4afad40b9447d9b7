import { type ColumnType, Oid } from "@freshet/values";
import type { ColumnExpression, Expression } from "../plan/expression.ts";
import type { AggregateCall } from "../plan/plan.ts";
import { hasEquality, hasOrder } from "./catalog-types.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { checkCollation } from "./translate-call.ts";
import { BOOL_TYPE, isSummable, isTextual } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";

type AggregateName = AggregateCall["name"];

const NAMES: readonly AggregateName[] = ["count", "sum", "avg", "min", "max"];

function isEngineAggregate(name: string): name is AggregateName {
  return NAMES.some((known) => known === name);
}

const TRUE: Expression = { kind: "constant", value: "\x01", type: BOOL_TYPE };

/** An aggregate's call becomes a symbol; the call itself is kept in the scope. */
export function translateAggregate(node: TreeNode, scope: QueryScope): ColumnExpression {
  const info = scope.catalog.functions.get(node.int("aggfnoid"));
  if (info === undefined || info.schema !== "pg_catalog" || !isEngineAggregate(info.name)) {
    throw unsupported(`aggregate ${info?.name ?? "function"}() is not supported`, {
      hint: "Supported are count, sum, avg, min and max.",
    });
  }
  if (node.int("agglevelsup") > 0) throw unsupported("an aggregate belongs to the query around its subquery");
  if (node.text("aggkind") !== "n") throw unsupported("ordered-set aggregates are not supported");
  const args = node.nodes("args").map((entry) => scope.translate(entry.node("expr")));
  const distinct = node.nodes("aggdistinct").length > 0;
  const inputCollation = node.int("inputcollid");
  const [arg = null] = args;
  checkArgument(info.name, arg, distinct, inputCollation, scope);
  const filter = node.nodeOrNull("aggfilter");
  const filtered = filter === null ? arg : filteredArgument(arg, scope.translate(filter));
  const type: ColumnType = { typeOid: node.int("aggtype"), typmod: -1, collation: node.int("aggcollid") };
  return scope.aggregate({ name: info.name, arg: filtered, distinct, type, inputCollation });
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
  if ((name === "sum" || name === "avg") && !isSummable(typeOid)) throw refusal();
  if (name === "min" || name === "max") {
    if (!hasOrder(scope.catalog.types, typeOid) || typeOid === Oid.bool) throw refusal();
    checkCollation(`${name}()`, isTextual(typeOid), collation, scope);
  }
  if (distinct) {
    if (!hasEquality(scope.catalog.types, typeOid)) throw refusal();
    checkCollation(`${name}(DISTINCT)`, false, arg.type.collation, scope);
  }
}
