import { must } from "@freshet/base";
import { type ColumnType, Oid } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import { hasOrder, isCollated, isShownPlainly, isSupportedType } from "./catalog-types.ts";
import { translateConstant } from "./constant.ts";
import type { NodeValue, TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { isSetFunction } from "./row-sources.ts";
import { RteKind, TABLE_OID_ATTRIBUTE } from "./table-checks.ts";
import { translateJsonConstructor } from "./translate-json-constructor.ts";
import { translateAggregate } from "./translate-aggregate.ts";
import { checkCollation, translateCall, translateEquality } from "./translate-call.ts";
import { translateWindowFunction } from "./translate-window.ts";
import { translateAnyAll, translateArray, translateArrayCoercion } from "./translate-array.ts";
import { inOuterQuery } from "./outer-level.ts";
import { asOuter } from "./sublinks.ts";
import { translateNullTest } from "./translate-null-test.ts";
import { translateRowComparison } from "./translate-row-comparison.ts";
import { translateField, translateRow, translateSubscript } from "./translate-subscript.ts";
import { translateSublink } from "./translate-sublink.ts";
import { translateTargetSet, translateTargetSetField } from "./target-sets.ts";
import { BOOL_TYPE, isReadPlainly, isSameImage } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";

type Translator = (node: TreeNode, scope: QueryScope) => Expression;

/** What each unsupported kind of expression is called by those who write it. */
const REFUSED: Readonly<Record<string, string>> = {
  SQLVALUEFUNCTION: "CURRENT_DATE, CURRENT_USER and their like change without any row changing",
  COERCETODOMAIN: "a cast to a domain is not supported",
  CONVERTROWTYPEEXPR: "a whole row as a value is not supported",
  JSONEXPR: "JSON_EXISTS, JSON_VALUE and JSON_QUERY are not supported",
  XMLEXPR: "XML functions are not supported",
  NEXTVALUEEXPR: "nextval() changes on each call",
  CURRENTOFEXPR: "WHERE CURRENT OF is not supported",
};

const TRANSLATORS: Readonly<Record<string, Translator>> = {
  SUBSCRIPTINGREF: translateSubscript,
  FIELDSELECT: (node, scope) =>
    isSetFunction(node.node("arg")) ? translateTargetSetField(node, scope) : translateField(node, scope),
  ROWEXPR: translateRow,
  VAR: translateVariable,
  CONST: translateConstant,
  PARAM: translateParameter,
  SUBLINK: translateSublink,
  ROWCOMPAREEXPR: translateRowComparison,
  AGGREF: translateAnyAggregate,
  WINDOWFUNC: translateWindowFunction,
  GROUPINGFUNC: translateGrouping,
  FUNCEXPR: (node, scope) => (isSetFunction(node) ? translateTargetSet(node, scope) : translateCall(node, scope)),
  OPEXPR: translateCall,
  SCALARARRAYOPEXPR: translateAnyAll,
  ARRAYEXPR: translateArray,
  ARRAYCOERCEEXPR: translateArrayCoercion,
  DISTINCTEXPR: (node, scope) => ({ kind: "distinct-from", ...translateEquality(node, scope), type: BOOL_TYPE }),
  NULLIFEXPR: translateNullIf,
  BOOLEXPR: translateLogic,
  NULLTEST: translateNullTest,
  BOOLEANTEST: translateBooleanTest,
  CASEEXPR: translateCase,
  CASETESTEXPR: (_node, scope) => must(scope.caseTests.at(-1), "a CASE test value outside CASE"),
  COALESCEEXPR: translateCoalesce,
  MINMAXEXPR: translateMinMax,
  RELABELTYPE: translateRelabel,
  COERCEVIAIO: translateTextCast,
  JSONCONSTRUCTOREXPR: translateJsonConstructor,
  COLLATEEXPR: translateCollate,
};

/** Translates one analysed expression; columns are symbols of `scope`. */
export function translateExpression(node: TreeNode, scope: QueryScope): Expression {
  const translator = TRANSLATORS[node.type];
  if (translator === undefined)
    throw unsupported(REFUSED[node.type] ?? `an expression of kind ${node.type} is not supported`);
  const expression = translator(node, scope);
  const { typeOid } = expression.type;
  // What PostgreSQL computes may be of any type, if that is handed to another of its functions.
  if (expression.kind === "upstream") return expression;
  if (!isSupportedType(scope.catalog.types, typeOid)) {
    throw unsupported(`values of type ${scope.typeName(typeOid)} are not supported`);
  }
  return expression;
}

function translateAll(nodes: readonly TreeNode[], scope: QueryScope): Expression[] {
  return nodes.map((node) => translateExpression(node, scope));
}

/** A column: of a table or subquery a symbol; of a JOIN or GROUP BY entry the expression it stands for. */
function translateVariable(node: TreeNode, scope: QueryScope): Expression {
  const levels = node.int("varlevelsup");
  if (levels === 0) return translateOwnVariable(node, scope);
  return asOuter(translateOwnVariable(node, scope.around(levels)));
}

/** An aggregate of a query around the subquery is computed there. */
function translateAnyAggregate(node: TreeNode, scope: QueryScope): Expression {
  const levels = node.int("agglevelsup");
  if (levels === 0) return translateAggregate(node, scope);
  return asOuter(translateAggregate(inOuterQuery(node, levels), scope.around(levels)));
}

function translateOwnVariable(node: TreeNode, scope: QueryScope): Expression {
  const varno = node.int("varno");
  const attribute = node.int("varattno");
  const entry = scope.entry(varno);
  if (attribute === 0 && entry.int("rtekind") !== RteKind.relation)
    throw unsupported(`${entry.node("eref").text("aliasname")} is used as a whole row, and is not a table`);
  if (attribute < 0 && attribute !== TABLE_OID_ATTRIBUTE)
    throw unsupported("system columns (ctid, xmin and the like) are not supported");
  const kind = entry.int("rtekind");
  if (kind === RteKind.join) return translateAlias(entry.fields.get("joinaliasvars"), attribute, scope);
  if (kind === RteKind.group) return translateAlias(entry.fields.get("groupexprs"), attribute, scope);
  return scope.column(varno, attribute, {
    typeOid: node.int("vartype"),
    typmod: node.int("vartypmod"),
    collation: node.int("varcollid"),
  });
}

/** GROUPING(…): with one grouping set, which has all items, it is 0. */
function translateGrouping(node: TreeNode, scope: QueryScope): Expression {
  if (node.int("agglevelsup") > 0) throw unsupported("a GROUPING() belongs to the query around its subquery");
  const type: ColumnType = { typeOid: Oid.int4, typmod: -1, collation: 0 };
  if (scope.query.nodes("groupingSets").length === 0) return { kind: "constant", value: "\0\0\0\0", type };
  return scope.grouping(node.ints("refs"), type);
}

function translateAlias(aliases: NodeValue | undefined, position: number, scope: QueryScope): Expression {
  const item = Array.isArray(aliases) ? (aliases as readonly NodeValue[])[position - 1] : undefined;
  return translateExpression(must(item as TreeNode | null | undefined, "a join has no such column"), scope);
}

const PARAM_SUBLINK = 2;

function translateParameter(node: TreeNode, scope: QueryScope): Expression {
  if (node.int("paramkind") === PARAM_SUBLINK) return scope.sublinkColumn(node.int("paramid"));
  const type = { typeOid: node.int("paramtype"), typmod: node.int("paramtypmod"), collation: node.int("paramcollid") };
  return { kind: "parameter", number: node.int("paramid"), type };
}

function translateNullIf(node: TreeNode, scope: QueryScope): Expression {
  const sides = translateEquality(node, scope);
  return { kind: "nullif", ...sides, type: { ...sides.left.type, collation: node.int("opcollid") } };
}

function translateLogic(node: TreeNode, scope: QueryScope): Expression {
  const kind = node.text("boolop");
  if (kind !== "and" && kind !== "or" && kind !== "not")
    throw unsupported(`the logical operator ${kind} is not supported`);
  return { kind, args: translateAll(node.nodes("args"), scope), type: BOOL_TYPE };
}

const BOOLEAN_TESTS = ["is-true", "is-not-true", "is-false", "is-not-false", "is-unknown", "is-not-unknown"] as const;

function translateBooleanTest(node: TreeNode, scope: QueryScope): Expression {
  const kind = must(BOOLEAN_TESTS[node.int("booltesttype")], "an unknown boolean test");
  return { kind, arg: translateExpression(node.node("arg"), scope), type: BOOL_TYPE };
}

/** `CASE x WHEN v` is a searched CASE over `x = v`; the arms mean x wherever the tree says "the value tested". */
function translateCase(node: TreeNode, scope: QueryScope): Expression {
  const test = node.nodeOrNull("arg");
  if (test !== null) scope.caseTests.push(translateExpression(test, scope));
  const arms = node.nodes("args").map((arm) => {
    const when = translateExpression(arm.node("expr"), scope);
    return { when, result: arm.node("result") };
  });
  if (test !== null) scope.caseTests.pop();
  const otherwise = node.nodeOrNull("defresult");
  return {
    kind: "case",
    arms: arms.map((arm) => ({ when: arm.when, then: translateExpression(arm.result, scope) })),
    otherwise: otherwise === null ? null : translateExpression(otherwise, scope),
    type: { typeOid: node.int("casetype"), typmod: -1, collation: node.int("casecollid") },
  };
}

function translateCoalesce(node: TreeNode, scope: QueryScope): Expression {
  const args = translateAll(node.nodes("args"), scope);
  return {
    kind: "coalesce",
    args,
    type: { typeOid: node.int("coalescetype"), typmod: -1, collation: node.int("coalescecollid") },
  };
}

function translateMinMax(node: TreeNode, scope: QueryScope): Expression {
  const type: ColumnType = { typeOid: node.int("minmaxtype"), typmod: -1, collation: node.int("minmaxcollid") };
  const inputCollation = node.int("inputcollid");
  const kind = node.int("op") === 0 ? "greatest" : "least";
  if (!hasOrder(scope.catalog, type.typeOid))
    throw unsupported(`${kind.toUpperCase()} over type ${scope.typeName(type.typeOid)} is not supported`);
  checkCollation(kind.toUpperCase(), isCollated(scope.catalog.types, type.typeOid), inputCollation, scope);
  return { kind, inputCollation, args: translateAll(node.nodes("args"), scope), type };
}

/** The same value under another type. Of a network, the bytes say whether it is a cidr: it goes through its text. */
function translateRelabel(node: TreeNode, scope: QueryScope): Expression {
  const arg = translateExpression(node.node("arg"), scope);
  const type: ColumnType = {
    typeOid: node.int("resulttype"),
    typmod: node.int("resulttypmod"),
    collation: node.int("resultcollid"),
  };
  const from = arg.type.typeOid;
  if (from === Oid.cidr && type.typeOid === Oid.inet) return { kind: "text-cast", arg, type };
  if (!isSameImage(from, type.typeOid)) {
    throw unsupported(`a cast from ${scope.typeName(from)} to ${scope.typeName(type.typeOid)} is not supported`);
  }
  return { ...arg, type };
}

function translateTextCast(node: TreeNode, scope: QueryScope): Expression {
  const arg = translateExpression(node.node("arg"), scope);
  const type: ColumnType = { typeOid: node.int("resulttype"), typmod: -1, collation: node.int("resultcollid") };
  const { types } = scope.catalog;
  const isRead = isReadPlainly(type.typeOid) || types.get(type.typeOid)?.kind === "enum";
  if (!isShownPlainly(types, arg.type.typeOid) || !isRead) {
    throw unsupported(
      `a cast from ${scope.typeName(arg.type.typeOid)} to ${scope.typeName(type.typeOid)} is not supported`,
    );
  }
  return { kind: "text-cast", arg, type };
}

function translateCollate(node: TreeNode, scope: QueryScope): Expression {
  const arg = translateExpression(node.node("arg"), scope);
  return { ...arg, type: { ...arg.type, collation: node.int("collOid") } };
}
