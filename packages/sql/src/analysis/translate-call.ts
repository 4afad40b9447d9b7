import type { CallExpression, Expression } from "../plan/expression.ts";
import type { FunctionInfo } from "./catalog.ts";
import { checkPathArguments } from "./constant-paths.ts";
import { withDefaults } from "./default-arguments.ts";
import type { TreeNode } from "./node-tree.ts";
import { comparesMade, followsCollationOrder } from "./operators.ts";
import { isOverlapsWithLength, overlapsOfEnds } from "./overlaps-calls.ts";
import type { QueryScope } from "./query-scope.ts";
import { translateStableCall } from "./translate-stable-call.ts";
import { unsupported } from "./unsupported.ts";
import type { TreeCall } from "./upstream-expression.ts";
import { isOutdated } from "./version-changes.ts";
import { withZone } from "./zoned-call.ts";
import { commutedFunction } from "./commuted-calls.ts";
import { hasEquality, hasOrder } from "./catalog-types.ts";
import { Oid } from "@freshet/values";

const VOLATILITY: Readonly<Record<string, string>> = { s: "STABLE", v: "VOLATILE" };

/** Built-ins whose body is SQL: the internal function they call with a scale of 0. */
const WITH_SCALE_ZERO: ReadonlyMap<number, { readonly functionOid: number; readonly name: string }> = new Map([
  [1708, { functionOid: 1707, name: "numeric_round" }],
  [1710, { functionOid: 1709, name: "numeric_trunc" }],
]);

const INT4_ZERO: Expression = {
  kind: "constant",
  value: "\0\0\0\0",
  type: { typeOid: Oid.int4, typmod: -1, collation: 0 },
};

/** Other built-ins whose body is SQL and that the engine knows by their OID. */
const KNOWN_SQL_FUNCTIONS: ReadonlySet<number> = new Set([879, 880, 1384, 1481, 1741, 1810, 1811]);

/** The function's catalog entry, when calling it is a pure function of its arguments and built in. */
export function pureFunction(oid: number, scope: QueryScope): FunctionInfo {
  const info = scope.catalog.functions.get(oid);
  if (info === undefined) throw unsupported(`function ${oid} is not in the catalog`);
  if (info.volatility !== "i") {
    const name = info.schema === "pg_catalog" ? info.name : `${info.schema}.${info.name}`;
    throw unsupported(`function ${name}() is ${VOLATILITY[info.volatility] ?? "not IMMUTABLE"}`, {
      detail: "Its result can change without any row changing.",
    });
  }
  if (info.schema !== "pg_catalog") throw unsupported(`function ${info.schema}.${info.name}() is not built in`);
  const isKnown =
    WITH_SCALE_ZERO.has(oid) ||
    isOverlapsWithLength(oid) ||
    KNOWN_SQL_FUNCTIONS.has(oid) ||
    commutedFunction(oid) !== undefined;
  if (info.language !== "internal" && !isKnown) throw unsupported(`function ${info.name}() is not supported`);
  if (isOutdated(info.symbol, scope.catalog.serverVersion))
    throw unsupported(`function ${info.name}() of this PostgreSQL version is not supported`);
  return info;
}

/** Functions whose last parameter is VARIADIC of one type: calls hand it over as one array however they are written. */
const VARIADIC_OF_ONE_TYPE: ReadonlySet<string> = new Set([
  "json_extract_path",
  "json_extract_path_text",
  "jsonb_extract_path",
  "jsonb_extract_path_text",
  "jsonb_delete_array",
  "multirange_constructor2",
]);

/** Refuses a comparison whose result the byte order and byte equality of texts would not give. */
export function checkCollation(name: string, byOrder: boolean, collationOid: number, scope: QueryScope): void {
  if (collationOid === 0) return;
  const collation = scope.catalog.collations.get(collationOid);
  if (collation === undefined) throw unsupported(`collation ${collationOid} is not in the catalog`);
  if (!collation.deterministic) {
    throw unsupported(`${name} compares texts under the nondeterministic collation "${collation.name}"`);
  }
  if (byOrder && !collation.byteOrdered) {
    throw unsupported(`${name} orders texts by the collation "${collation.name}", which is not byte order`, {
      hint: 'Add COLLATE "C" to the expression, if byte order will do.',
    });
  }
}

/**
 * Refuses a function whose result hangs on an order or an equality that the engine does not have. `typeOid` is that of what a comparison compares; of
 * ANY and ALL that of the left side.
 */
export function checkFunction(info: FunctionInfo, typeOid: number, inputCollation: number, scope: QueryScope): void {
  const needs = comparesMade(info.symbol);
  if (needs === "order" && !hasOrder(scope.catalog, typeOid))
    throw unsupported(`an order of values of type ${scope.typeName(typeOid)} is not supported`);
  if (needs === "equality" && !hasEquality(scope.catalog.types, typeOid))
    throw unsupported(`equality of values of type ${scope.typeName(typeOid)} is not supported`);
  checkCollation(`${info.name}()`, followsCollationOrder(info.symbol), inputCollation, scope);
}

/** A function call or an operator; where the engine has no twin of it, PostgreSQL's own. */
export function translateCall(node: TreeNode, scope: QueryScope): Expression {
  const operator = node.type === "OPEXPR";
  if (operator && node.flag("opretset")) throw unsupported("operators that return sets are not supported");
  const functionOid = node.int(operator ? "opfuncid" : "funcid");
  const info = scope.catalog.functions.get(functionOid);
  const variadic = !operator && node.flag("funcvariadic");
  const inputCollation = node.int("inputcollid");
  const args = node.nodes("args").map((item) => scope.translate(item));
  const type = {
    typeOid: node.int(operator ? "opresulttype" : "funcresulttype"),
    typmod: -1,
    collation: node.int(operator ? "opcollid" : "funccollid"),
  };
  const call: TreeCall = { info, args, variadic, inputCollation, type };
  const translate = (): CallExpression => nativeCall(functionOid, call, scope);
  return scope.upstreamCalls === null ? translate() : scope.upstreamCalls.nativeOr(call, translate);
}

function nativeCall(functionOid: number, call: TreeCall, scope: QueryScope): CallExpression {
  const { info: found, args, variadic, inputCollation, type } = call;
  if (variadic && !VARIADIC_OF_ONE_TYPE.has(found?.symbol ?? "")) throw unsupported("VARIADIC calls are not supported");
  const stable = found && translateStableCall({ info: found, args, type, inputCollation, types: scope.catalog.types });
  if (stable !== undefined) return stable;
  const info = pureFunction(functionOid, scope);
  checkFunction(info, args[0]?.type.typeOid ?? 0, inputCollation, scope);
  const commuted = commutedFunction(functionOid);
  if (commuted !== undefined)
    return { kind: "call", ...commuted, strict: true, inputCollation, args: args.toReversed(), type };
  const overlaps = overlapsOfEnds(functionOid, args);
  if (overlaps !== undefined) return overlaps;
  const allArgs = withDefaults(info, args);
  checkPathArguments(allArgs);
  const scaled = WITH_SCALE_ZERO.get(functionOid);
  if (scaled !== undefined)
    return { kind: "call", ...scaled, strict: true, inputCollation, args: [...args, INT4_ZERO], type };
  // A body in SQL has no symbol; servers differ in what they keep in its place.
  const name = info.language === "internal" ? info.symbol : "";
  const native: CallExpression = {
    kind: "call",
    name,
    functionOid,
    strict: info.strict,
    inputCollation,
    args: allArgs,
    type,
  };
  return withZone(native, scope.catalog.zones);
}

/** The parts that IS DISTINCT FROM and NULLIF share. */
export function translateEquality(
  node: TreeNode,
  scope: QueryScope,
): {
  readonly equality: string;
  readonly inputCollation: number;
  readonly left: Expression;
  readonly right: Expression;
} {
  const info = pureFunction(node.int("opfuncid"), scope);
  const inputCollation = node.int("inputcollid");
  const [left, right] = node.nodes("args").map((item) => scope.translate(item));
  if (left === undefined || right === undefined) throw unsupported(`${info.name}() lacks an argument`);
  checkFunction(info, left.type.typeOid, inputCollation, scope);
  return { equality: info.symbol, inputCollation, left, right };
}

/** A pure function whose result under the collation is the one that the engine gives. */
export function checkedFunction(oid: number, typeOid: number, inputCollation: number, scope: QueryScope): FunctionInfo {
  const info = pureFunction(oid, scope);
  checkFunction(info, typeOid, inputCollation, scope);
  return info;
}

/** The function of `x op ANY (…)`, checked like any call. */
export function comparisonFunction(node: TreeNode, typeOid: number, scope: QueryScope): FunctionInfo {
  return checkedFunction(node.int("opfuncid"), typeOid, node.int("inputcollid"), scope);
}
