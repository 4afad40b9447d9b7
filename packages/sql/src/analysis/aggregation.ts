import { must } from "@freshet/base";
import { aggregateExpressions, mapAggregateCall } from "../plan/aggregate-call.ts";
import type { ColumnExpression, Expression } from "../plan/expression.ts";
import { mapOuters } from "../decorrelation/outer-references.ts";
import { mapExpression } from "../plan/expression-walk.ts";
import { aggregatePlan } from "../plan/plan-build.ts";
import { mapPlan, mapPlanExpressions } from "../plan/plan-walk.ts";
import { attachSublinks, filterRelation } from "./attach-sublinks.ts";
import { asOuter, type Sublink } from "./sublinks.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import { hasEquality } from "./catalog-types.ts";
import { aggregateSets, checkTotalRows, groupingSets, totalRows } from "./grouping-sets.ts";
import { type GroupConditions, keyParameters } from "./having-conditions.ts";
import { keysOf, type LiftedConditions } from "./lift-parameters.ts";
import type { TreeNode } from "./node-tree.ts";
import { isSameText } from "./output-columns.ts";
import { mergesKeys } from "./query-checks.ts";
import { bindColumns, type QueryScope, type Relation, type SetFunctionSymbols } from "./query-scope.ts";
import { checkCollation } from "./translate-call.ts";
import type { Stage } from "./stage.ts";
import { withTargetSets } from "./target-sets.ts";
import { UnliftableParameter, unsupported } from "./unsupported.ts";

/** Whether the query has GROUP BY, HAVING or aggregates. */
export function isAggregated(query: TreeNode): boolean {
  return (
    query.flag("hasAggs") ||
    query.nodes("groupClause").length > 0 ||
    query.nodes("groupingSets").length > 0 ||
    query.nodeOrNull("havingQual") !== null
  );
}

interface GroupItem {
  readonly reference: number;
  readonly expression: Expression;
}

function groupItems(scope: QueryScope): GroupItem[] {
  const targets = scope.query.nodes("targetList");
  return scope.query.nodes("groupClause").map((clause) => {
    const reference = clause.int("tleSortGroupRef");
    const target = must(
      targets.find((entry) => entry.int("ressortgroupref") === reference),
      "a GROUP BY item without target",
    );
    return { reference, expression: scope.translate(target.node("expr")) };
  });
}

/** The groups of an aggregation: expressions over its input, and the symbols of their values in its output. */
class Groups {
  readonly expressions: Expression[] = [];
  readonly symbols: Expression[] = [];
  readonly #scope: QueryScope;
  readonly #texts: string[] = [];

  constructor(scope: QueryScope) {
    this.#scope = scope;
  }

  find(expression: Expression): Expression | undefined {
    const same = this.symbols[this.#texts.indexOf(canonicalJson(expression))];
    return same ?? this.symbols[this.expressions.findIndex((group) => isSameText(group, expression))];
  }

  /** A group that is the column under another binary-compatible type. */
  #sameColumn(column: ColumnExpression): Expression | undefined {
    const position = this.expressions.findIndex((group) => group.kind === "column" && group.index === column.index);
    const symbol = this.symbols[position];
    return symbol === undefined ? undefined : { ...symbol, type: column.type };
  }

  add(expression: Expression): Expression {
    return this.find(expression) ?? this.addOwn(expression);
  }

  /** A group of its own, even where there is one like it. */
  addOwn(expression: Expression): Expression {
    const { typeOid, collation } = expression.type;
    if (!hasEquality(this.#scope.catalog.types, typeOid)) {
      throw unsupported(`GROUP BY over type ${this.#scope.typeName(typeOid)} is not supported`);
    }
    checkCollation("GROUP BY", false, collation, this.#scope);
    const symbol = this.#scope.placeholder(expression.type);
    this.expressions.push(expression);
    this.symbols.push(symbol);
    this.#texts.push(canonicalJson(expression));
    return symbol;
  }

  /** The symbol of the subquery's result, once the subquery reads groups and aggregates in the place of rows. */
  #rewriteSublink(sublink: Sublink, symbol: number): number {
    const own = new Set(this.#scope.ownOuters(sublink.plan));
    const overGroups = (expression: Expression): Expression =>
      mapOuters(expression, (outer) =>
        own.has(outer.index) ? asOuter(this.rewrite({ ...outer, kind: "column" })) : outer,
      );
    const plan = mapPlan(sublink.plan, (node) => mapPlanExpressions(node, overGroups));
    const { symbols } = this.#scope.sublinks.add(sublink.kind, plan);
    return must(symbols[sublink.symbols.indexOf(symbol)]);
  }

  /** The column of the same function over the groups, once its arguments read these in the place of rows. */
  #rewriteSetFunction({ call, symbols }: SetFunctionSymbols, column: ColumnExpression): Expression {
    const over = this.#scope.setFunction({ ...call, args: call.args.map((arg) => this.rewrite(arg)) });
    return { ...must(over[symbols.indexOf(column.index)]), type: column.type };
  }

  /**
   * The expression over the aggregation's output. A column that is neither grouped nor aggregated is fixed
   * by the group (PostgreSQL has checked that its table's primary key is grouped by): it joins the groups.
   */
  rewrite(expression: Expression): Expression {
    return mapExpression(expression, (node) => {
      if (node.kind === "constant") return undefined;
      const group = this.find(node);
      if (group !== undefined) return { ...group, type: node.type };
      if (node.kind !== "column") return undefined;
      const made = this.#scope.setFunctions.get(node.index);
      if (made !== undefined) return this.#rewriteSetFunction(made, node);
      const sublink = this.#scope.sublinks.get(node.index);
      if (sublink !== undefined) return { ...node, index: this.#rewriteSublink(sublink, node.index) };
      const { aggregates, groupings, windowCalls } = this.#scope;
      const isComputed = [aggregates, groupings, windowCalls].some((made) => made.has(node.index));
      return isComputed ? node : (this.#sameColumn(node) ?? this.add(node));
    });
  }
}

/** A key that some grouping set has and another one lacks would be NULL in the groups of the latter. */
function refuseKeys(lifted: LiftedConditions): void {
  for (const equality of lifted.equality) {
    if (equality.list) throw mergesKeys(equality.parameter, "the grouping sets");
  }
  const { range } = lifted;
  if (range !== null) throw mergesKeys(must(range.lower ?? range.upper).parameter, "the grouping sets");
}

/** For a key without rows, functions may make any number of rows of the one that an aggregate without GROUP BY has. */
function checkTotalKeys(query: TreeNode, { equality, range }: LiftedConditions): void {
  const bound = equality[0] ?? range?.lower ?? range?.upper;
  if (bound !== undefined && bound !== null && totalRows(query) > 0)
    throw new UnliftableParameter(bound.parameter, "chooses the rows of a total of which a function makes rows");
}

/** With several keys in one answer, groups of equal value from different keys would have to be merged. */
function checkKeys(lifted: LiftedConditions, groups: Groups): void {
  for (const equality of lifted.equality) {
    if (equality.list && groups.find(equality.key) === undefined)
      throw mergesKeys(equality.parameter, "the aggregation");
  }
  const { range } = lifted;
  if (range !== null && groups.find(range.key) === undefined) {
    throw mergesKeys(must(range.lower ?? range.upper).parameter, "the aggregation");
  }
}

/**
 * Plans GROUP BY, aggregates and HAVING over `source`. The keys of parameters lifted from WHERE are grouped by too:
 * for one value of each, the groups are those of the query with that value. Those from HAVING are values of the groups.
 */
export function aggregate(
  scope: QueryScope,
  targets: readonly Expression[],
  { where, lifted, rest: having, parameters }: GroupConditions,
  source: (needed: ReadonlySet<number>) => Relation,
): Stage {
  const groups = new Groups(scope);
  const sets = groupingSets(scope.query);
  const items = groupItems(scope);
  const written = items.map(({ expression }) => groups.add(expression));
  if (sets === null) checkKeys(where, groups);
  else {
    refuseKeys(where);
    checkTotalRows(scope.query, where.equality[0]?.parameter);
    checkItems(items, groups);
  }
  const compared = keyParameters(lifted);
  const keys = keysOf(lifted).map((key, index) => {
    if (parameters.has(must(compared[index]))) return groups.rewrite(key);
    return sets === null ? groups.add(key) : groups.addOwn(key);
  });
  const outputTargets = targets.map((target) => groups.rewrite(target));
  const outputHaving = having.map((conjunct) => groups.rewrite(conjunct));
  const calls = [...scope.aggregates.entries()];
  const args = calls.flatMap(([, call]) => aggregateExpressions(call));
  const inner = [...groups.expressions, ...args];
  const input = attachSublinks(source(scope.needs(...inner)), inner, scope);
  const by = groups.expressions.map((expression) => bindColumns(expression, input));
  const bound = calls.map(([, call]) => mapAggregateCall(call, (expression) => bindColumns(expression, input)));
  const groupings = [...scope.groupings];
  const plan =
    sets === null
      ? aggregatePlan(input.plan, by, bound, by.length === 0)
      : aggregateSets(input.plan, {
          sets,
          groups: by.map((expression, index) => ({ expression, reference: items[index]?.reference ?? null })),
          groupings: groupings.map(([, references]) => references),
          calls: bound,
        });
  const symbols = [
    ...columnSymbols(groups.symbols),
    ...groupings.map(([symbol]) => symbol),
    ...calls.map(([symbol]) => symbol),
  ];
  const filtered = filterRelation({ plan, symbols }, outputHaving, scope);
  const needed = scope.needs(...outputTargets, ...keys);
  const made = [...needed].some((symbol) => scope.setFunctions.has(symbol) && !filtered.symbols.includes(symbol));
  if (made) checkTotalKeys(scope.query, where);
  const relation = attachSublinks(
    made ? withTargetSets(scope, needed, () => filtered) : filtered,
    outputTargets,
    scope,
  );
  return { relation, targets: outputTargets, keys, groups: sets === null && !made ? written : [] };
}

/** In some sets, items that are one expression would be that and NULL. */
function checkItems(items: readonly GroupItem[], groups: Groups): void {
  if (groups.expressions.length < items.length)
    throw unsupported("grouping sets over one expression twice are not supported");
  if (items.some(({ expression }) => expression.kind === "constant"))
    throw unsupported("grouping sets over a constant are not supported");
}

function columnSymbols(expressions: readonly Expression[]): number[] {
  return expressions.flatMap((expression) => (expression.kind === "column" ? [expression.index] : []));
}
