import { must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import { distinctPlan, projectPlan, topKPlan, UNIT_PLAN } from "../plan/plan-build.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import type { Plan } from "../plan/plan.ts";
import type { RowLimit } from "../plan/query-plan.ts";
import { aggregate, isAggregated } from "./aggregation.ts";
import { attachSublinks, filterRelation } from "./attach-sublinks.ts";
import { hasEquality } from "./catalog-types.ts";
import { translateCondition, translateFrom } from "./from-tree.ts";
import { totalRows } from "./grouping-sets.ts";
import { hoistJoinParameters } from "./hoist-join-parameters.ts";
import { ReadTimeConditions } from "./read-conditions.ts";
import { RteKind } from "./table-checks.ts";
import { JoinPlanner } from "./join-planner.ts";
import { type GroupConditions, liftHaving } from "./having-conditions.ts";
import { keysOf, type LiftedConditions } from "./lift-parameters.ts";
import type { TreeNode } from "./node-tree.ts";
import { lateralSymbols, planEntry } from "./plan-entry.ts";
import { bindColumns, type QueryOptions, QueryScope, type Relation, type TranslationContext } from "./query-scope.ts";
import { checkQuery, mergesKeys } from "./query-checks.ts";
import { translateLimit } from "./row-limit.ts";
import { memberKey } from "./table-members.ts";
import {
  constantLimit,
  distinctOnColumns,
  distinctOnPlan,
  hasTies,
  positionsOf,
  sortKeys,
  withTiesPlan,
} from "./row-choice.ts";
import { planSetOperation } from "./set-operation.ts";
import { checkCollation } from "./translate-call.ts";
import { translateExpression } from "./translate-expression.ts";
import { translateSort } from "./translate-sort.ts";
import { someNode } from "./tree-oids.ts";
import { OutputColumns } from "./output-columns.ts";
import { withTargetSets } from "./target-sets.ts";
import type { Stage } from "./stage.ts";
import type { TranslatedQuery } from "./translated-query.ts";
import { unsupported } from "./unsupported.ts";
import { collectWindows, withWindows } from "./window-stage.ts";

interface Target {
  readonly expression: Expression;
  readonly visible: boolean;
  readonly reference: number;
}

/** Translates one SELECT. */
export function translateQuery(query: TreeNode, context: TranslationContext, options: QueryOptions): TranslatedQuery {
  checkQuery(query);
  context.privileges.collect(query);
  const scope = new QueryScope(query, context, options.parent, translateExpression);
  const setOperation = query.nodeOrNull("setOperations");
  const distinct = query.nodes("distinctClause").length > 0;
  // A set-returning function makes rows even where nobody reads them.
  const isWhole = distinct || setOperation !== null || query.flag("hasTargetSRFs");
  const targets = translateTargets(scope, context, isWhole ? null : options.used);
  const from = options.top ? hoistJoinParameters(translateFrom(scope)) : translateFrom(scope);
  const having = translateCondition(query.nodeOrNull("havingQual"), scope);
  const unlifted = { equality: [], range: null, rest: from.conjuncts, atRead: [] };
  const conditions = options.top
    ? liftHaving(from.conjuncts, having, context.readParameters, scope)
    : { where: unlifted, lifted: unlifted, rest: having, parameters: new Set<number>() };
  const { lifted } = conditions;
  const atRead = readTimeConditions(conditions, from, scope);
  const keys = keysOf(lifted);
  const grouped = isAggregated(query);
  const source = (conjuncts: readonly Expression[], needed: ReadonlySet<number>): Relation => {
    if (setOperation !== null) return planSetOperation(setOperation, scope, context);
    const { tree } = from;
    const planner = new JoinPlanner(scope, {
      plan: (varno, symbols) => planEntry(varno, symbols, scope, context),
      lateral: (varno) => lateralSymbols(varno, scope, context),
    });
    return withTargetSets(scope, needed, (read) =>
      tree === null
        ? filterRelation({ plan: UNIT_PLAN, symbols: [] }, conjuncts, scope)
        : planner.plan(tree, conjuncts, read, from.conjuncts),
    );
  };
  const below = (expressions: readonly Expression[]): Stage =>
    grouped
      ? aggregate(scope, expressions, conditions, (needed) => source(lifted.rest, needed))
      : plainStage(expressions, keys, scope, (needed) => source(lifted.rest, needed));
  for (const expression of atRead?.columns() ?? []) targets.push({ expression, visible: false, reference: 0 });
  const shown = targets.map((target) => target.expression);
  const stage = withWindows(collectWindows(scope), shown, lifted, below);
  return assemble(
    scope,
    { targets, stage, lifted, atRead, distinct, setOperation, source: from.tree },
    options,
    context,
  );
}

function plainStage(
  targets: readonly Expression[],
  keys: readonly Expression[],
  scope: QueryScope,
  source: (needed: ReadonlySet<number>) => Relation,
): Stage {
  const wanted = [...targets, ...keys];
  return { relation: attachSublinks(source(scope.needs(...wanted)), wanted, scope), targets, keys, groups: null };
}

/** The select list, reduced to what is visible, sorted by, and used. */
function translateTargets(scope: QueryScope, context: TranslationContext, used: ReadonlySet<number> | null): Target[] {
  const clauses = [...scope.query.nodes("sortClause"), ...scope.query.nodes("distinctClause")];
  const sorted = new Set(clauses.map((clause) => clause.int("tleSortGroupRef")));
  const targets: Target[] = [];
  for (const entry of scope.query.nodes("targetList")) {
    const reference = entry.int("ressortgroupref");
    const isSorted = reference !== 0 && sorted.has(reference);
    const visible = !entry.flag("resjunk");
    const isUsed = visible && (used === null || used.has(entry.int("resno")));
    if (isUsed || isSorted) targets.push({ expression: scope.translate(entry.node("expr")), visible, reference });
    else if (visible) {
      collectNested(entry, context);
      targets.push({ expression: unusedColumn(entry), visible, reference });
    }
  }
  return targets;
}

/** Subqueries that are left out need their privileges all the same. */
function collectNested(entry: TreeNode, context: TranslationContext): void {
  someNode(entry, (node) => {
    if (node.type === "QUERY") context.privileges.collect(node);
    return false;
  });
}

/** Stands where a subquery's column is that nobody reads; NULL of a type that needs nothing. */
function unusedColumn(entry: TreeNode): Expression {
  const number = entry.int("resno");
  return { kind: "constant", value: null, type: { typeOid: 16, typmod: number, collation: 0 } };
}

interface Parts {
  readonly targets: readonly Target[];
  readonly stage: Stage;
  readonly lifted: LiftedConditions;
  readonly atRead: ReadTimeConditions | null;
  readonly distinct: boolean;
  readonly setOperation: TreeNode | null;
  readonly source: ReturnType<typeof translateFrom>["tree"];
}

/** Where the targets stand in the output: the visible ones first. */
interface Placed {
  readonly visible: number;
  /** By what sorting and DISTINCT ON name them. */
  readonly columnOfReference: ReadonlyMap<number, number>;
  /** By the target's expression over the rows below the groups. */
  readonly columnOf: (expression: Expression) => number;
}

function placeTargets(targets: readonly Target[], stage: Stage, output: OutputColumns): Placed {
  const columnOfReference = new Map<number, number>();
  const columns: number[] = [];
  const place = (wanted: boolean): void => {
    targets.forEach((target, index) => {
      if (target.visible !== wanted) return;
      const expression = must(stage.targets[index]);
      const column = target.visible ? output.append(expression) : output.share(expression);
      columns[index] = column;
      if (target.reference !== 0) columnOfReference.set(target.reference, column);
    });
  };
  place(true);
  const visible = output.expressions.length;
  place(false);
  const columnOf = (expression: Expression): number => {
    const text = canonicalJson(expression);
    return must(columns[targets.findIndex((target) => canonicalJson(target.expression) === text)]);
  };
  return { visible, columnOfReference, columnOf };
}

function assemble(
  scope: QueryScope,
  parts: Parts,
  options: QueryOptions,
  context: TranslationContext,
): TranslatedQuery {
  const { stage, lifted, targets } = parts;
  const output = new OutputColumns();
  const { visible, columnOfReference, columnOf } = placeTargets(targets, stage, output);
  const keyColumns = stage.keys.map((key) => output.shareKey(key));
  const distinctOn = distinctOnColumns(scope, columnOfReference);
  if (parts.distinct && distinctOn === null) checkDistinct(scope, output.expressions, visible, keyColumns, lifted);
  for (const column of distinctOn ?? []) checkComparable(scope, must(output.expressions[column]), "DISTINCT ON");
  const bound = output.expressions.map((expression) => bindColumns(expression, stage.relation));
  const projected = projectPlan(stage.relation.plan, bound);
  const limits = { limit: translateLimit(scope, "limitCount"), offset: translateLimit(scope, "limitOffset") };
  const isLimited = limits.limit !== null || limits.offset !== null;
  const sort =
    options.top || options.ordered === true || isLimited || distinctOn !== null
      ? translateSort(scope, columnOfReference, output.expressions)
      : [];
  let plan: Plan = projected;
  if (distinctOn !== null) plan = distinctOnPlan(projected, distinctOn, sort, { lifted, columns: keyColumns });
  else if (parts.distinct) plan = distinctPlan(projected);
  const ties = hasTies(scope);
  if (ties) plan = withTiesPlan(plan, limits, sort, { lifted, columns: keyColumns });
  const visibleExpressions = output.expressions.slice(0, visible);
  const result: TranslatedQuery = {
    plan,
    visible,
    equalityColumns: lifted.equality.map((_equality, index) => must(keyColumns[index])),
    rangeColumn: lifted.range === null ? null : must(keyColumns.at(-1)),
    lifted,
    read: parts.atRead?.over(columnOf, visible) ?? null,
    sort,
    limit: ties ? null : limits.limit,
    offset: ties ? null : limits.offset,
    resultKey:
      distinctOn === null
        ? resultKey(scope, parts, visibleExpressions, context)
        : positionsOf(
            distinctOn.map((column) => must(output.expressions[column])),
            visibleExpressions,
          ),
    scalar: isAggregated(scope.query) && totalRows(scope.query) > 0,
  };
  if (options.ordered === true) return { ...result, plan: limitPlan(result), limit: null, offset: null };
  return options.top ? result : closeSubquery(result);
}

/**
 * Rows can be left out when they are read only where nothing is made of them before, and where a key says which are
 * read.
 */
function readTimeConditions(
  { where, lifted: { atRead, equality, range } }: GroupConditions,
  { tree, conjuncts }: ReturnType<typeof translateFrom>,
  scope: QueryScope,
): ReadTimeConditions | null {
  if (atRead.length === 0) return null;
  const conditions = new ReadTimeConditions(atRead);
  const { query } = scope;
  const merges = query.nodes("distinctClause").length > 0 || query.nodeOrNull("setOperations") !== null;
  // Conditions of HAVING are on the groups, whose rows are merged before.
  const isBelowGroups = isAggregated(query) && where.atRead.length > 0;
  if (merges || hasTies(scope) || isBelowGroups || query.flag("hasWindowFuncs"))
    conditions.refuse("is no key, and rows are merged or numbered behind its condition");
  if (query.flag("hasTargetSRFs")) conditions.refuse("is no key, and a function makes rows behind its condition");
  if (equality.length === 0 && range === null)
    conditions.refuse("is no key, and neither is another one: all rows would have to be looked at for each read");
  conditions.checkFailures(conjuncts, isOneTable(tree, scope));
  return conditions;
}

function isOneTable(source: Parts["source"], scope: QueryScope): boolean {
  if (source === null || source.kind !== "inner" || source.inputs.length !== 1) return false;
  const [only] = source.inputs;
  return only?.kind === "entry" && scope.entry(only.varno).int("rtekind") === RteKind.relation;
}

/** With DISTINCT, a list or range parameter would have to merge the answers of several keys, unless it is on a result column. */
function checkDistinct(
  scope: QueryScope,
  output: readonly Expression[],
  visible: number,
  keyColumns: readonly number[],
  lifted: LiftedConditions,
): void {
  for (const expression of output) checkComparable(scope, expression, "DISTINCT");
  lifted.equality.forEach((equality, index) => {
    if (equality.list && must(keyColumns[index]) >= visible) throw mergesKeys(equality.parameter, "DISTINCT");
  });
  const { range } = lifted;
  if (range !== null && must(keyColumns.at(-1)) >= visible)
    throw mergesKeys(must(range.lower ?? range.upper).parameter, "DISTINCT");
}

function checkComparable(scope: QueryScope, expression: Expression, what: string): void {
  const { typeOid, collation } = expression.type;
  if (!hasEquality(scope.catalog.types, typeOid))
    throw unsupported(`${what} over type ${scope.typeName(typeOid)} is not supported`);
  checkCollation(what, false, collation, scope);
}

/** A subquery's LIMIT is part of the plan, and only its visible columns leave it. */
function closeSubquery(query: TranslatedQuery): TranslatedQuery {
  const columns = query.plan.columns;
  const limited = limitPlan(query);
  const visible = columns
    .slice(0, query.visible)
    .map((type: ColumnType, index): Expression => ({ kind: "column", index, type }));
  return { ...query, plan: projectPlan(limited, visible), sort: [], limit: null, offset: null };
}

/** The plan with its LIMIT and OFFSET, which are constants, made part of it. */
export function limitPlan(query: TranslatedQuery): Plan {
  const { plan } = query;
  const count = (limit: RowLimit | null): number | null => constantLimit(limit, "the LIMIT of a subquery");
  return topKPlan(plan, sortKeys(plan, query.sort), count(query.limit), count(query.offset) ?? 0);
}

/** Visible columns that no two result rows share. */
function resultKey(
  scope: QueryScope,
  parts: Parts,
  visible: readonly Expression[],
  context: TranslationContext,
): readonly number[] | null {
  const { setOperation, stage, source } = parts;
  const all = visible.map((_expression, index) => index);
  if (parts.distinct || (setOperation !== null && !setOperation.flag("all"))) return all;
  if (stage.groups !== null) return positionsOf(stage.groups, visible);
  if (scope.setFunctions.size > 0 || source === null || source.kind !== "inner" || source.inputs.length !== 1)
    return null;
  const [only] = source.inputs;
  if (only?.kind !== "entry") return null;
  const key = memberKey(scope.entry(only.varno), context.catalog);
  const columns = key.map((attribute) => {
    return visible.findIndex((expression) => {
      if (expression.kind !== "column") return false;
      const info = scope.info(expression.index);
      return info.varno === only.varno && info.attribute === attribute;
    });
  });
  return columns.length === 0 || columns.includes(-1) ? null : columns;
}
