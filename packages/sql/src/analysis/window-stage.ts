import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import { windowPlan } from "../plan/plan-build.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import type { SortKey } from "../plan/sort-key.ts";
import { mapWindowCall, type WindowCall, windowCallArguments } from "../plan/window.ts";
import { hasEquality } from "./catalog-types.ts";
import type { LiftedConditions } from "./lift-parameters.ts";
import type { TreeNode } from "./node-tree.ts";
import { isSameText } from "./output-columns.ts";
import { bindColumns, type QueryScope, type Relation } from "./query-scope.ts";
import { checkCollation } from "./translate-call.ts";
import { isDescending } from "./translate-sort.ts";
import type { Stage } from "./stage.ts";
import { UnliftableParameter, unsupported } from "./unsupported.ts";

/** A window of the query with the calls over it; expressions over the rows before the windows. */
interface QueryWindow {
  readonly partition: readonly Expression[];
  readonly sort: readonly SortKey[];
  readonly calls: readonly { readonly symbol: number; readonly call: WindowCall }[];
}

function windowExpressions(window: QueryWindow): readonly Expression[] {
  return [
    ...window.partition,
    ...window.sort.map((key) => key.expression),
    ...window.calls.flatMap(({ call }) => windowCallArguments(call)),
  ];
}

/** The windows that the query's targets use. Call it when they are translated. */
export function collectWindows(scope: QueryScope): QueryWindow[] {
  const windows = new Map<string, QueryWindow>();
  for (const [symbol, { window, call }] of scope.windowCalls) {
    const clause = must(scope.query.nodes("windowClause").find((candidate) => candidate.int("winref") === window));
    const partition = clause.nodes("partitionClause").map((item) => partitionKey(item, scope));
    const sort = clause.nodes("orderClause").map((item) => sortKey(item, scope));
    const name = canonicalJson([partition, sort]);
    const known = windows.get(name);
    windows.set(name, { partition, sort, calls: [...(known?.calls ?? []), { symbol, call }] });
  }
  return [...windows.values()];
}

function targetOf(item: TreeNode, scope: QueryScope): Expression {
  const reference = item.int("tleSortGroupRef");
  const entry = scope.query.nodes("targetList").find((target) => target.int("ressortgroupref") === reference);
  return scope.translate(must(entry, "a window's column without target").node("expr"));
}

function partitionKey(item: TreeNode, scope: QueryScope): Expression {
  const expression = targetOf(item, scope);
  const { typeOid, collation } = expression.type;
  if (!hasEquality(scope.catalog.types, typeOid))
    throw unsupported(`PARTITION BY over type ${scope.typeName(typeOid)} is not supported`);
  checkCollation("PARTITION BY", false, collation, scope);
  return expression;
}

function sortKey(item: TreeNode, scope: QueryScope): SortKey {
  const expression = targetOf(item, scope);
  return {
    expression,
    descending: isDescending(item, expression.type, scope),
    nullsFirst: item.flag("nulls_first"),
  };
}

/**
 * Plans the query with its windows: `below` plans everything under them for a longer list of targets. A
 * parameter below a window may be a key of the view only where every window is partitioned by what it is compared
 * with: then the rows of other keys are in other partitions.
 */
export function withWindows(
  windows: readonly QueryWindow[],
  targets: readonly Expression[],
  lifted: LiftedConditions,
  below: (targets: readonly Expression[]) => Stage,
): Stage {
  if (windows.length === 0) return below(targets);
  const stage = below([...targets, ...windows.flatMap(windowExpressions)]);
  const rewritten = stage.targets.slice(targets.length)[Symbol.iterator]();
  const next = (): Expression => must(rewritten.next().value, "the stage returns all its targets");
  let { relation } = stage;
  for (const window of windows) {
    const partition = window.partition.map(next);
    checkKeys(stage.keys, partition, lifted);
    const sort = window.sort.map((key) => ({ ...key, expression: next() }));
    const calls = window.calls.map(({ call }) => mapWindowCall(call, next));
    relation = addWindow(relation, { partition, sort, calls }, window.calls);
  }
  return { ...stage, relation, targets: stage.targets.slice(0, targets.length) };
}

function addWindow(
  relation: Relation,
  window: {
    readonly partition: readonly Expression[];
    readonly sort: readonly SortKey[];
    readonly calls: readonly WindowCall[];
  },
  symbols: readonly { readonly symbol: number }[],
): Relation {
  const bind = (expression: Expression): Expression => bindColumns(expression, relation);
  const plan = windowPlan(
    relation.plan,
    window.partition.map(bind),
    window.sort.map((key) => ({ ...key, expression: bind(key.expression) })),
    window.calls.map((call) => mapWindowCall(call, bind)),
  );
  return { plan, symbols: [...relation.symbols, ...symbols.map(({ symbol }) => symbol)] };
}

function checkKeys(keys: readonly Expression[], partition: readonly Expression[], lifted: LiftedConditions): void {
  keys.forEach((key, index) => {
    const text = canonicalJson(key);
    if (partition.some((other) => canonicalJson(other) === text || isSameText(other, key))) return;
    const equality = lifted.equality[index];
    const bound = lifted.range?.lower ?? lifted.range?.upper;
    const parameter = equality === undefined ? must(bound).parameter : equality.parameter;
    throw new UnliftableParameter(
      parameter,
      "chooses among the rows below a window function that is not partitioned by what it is compared with",
    );
  });
}
