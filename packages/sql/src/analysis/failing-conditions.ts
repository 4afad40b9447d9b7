import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import { columnsOf, replaceColumns, walkExpression } from "../plan/expression-walk.ts";
import { conjunction, filterPlan } from "../plan/plan-build.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import { mapPlan, planInputs, withInputs } from "../plan/plan-walk.ts";
import type { ExpandPlan, FilterPlan, JoinPlan, Plan } from "../plan/plan.ts";
import { canFail } from "./can-fail.ts";
import { splitConjuncts } from "./conjuncts.ts";
import { byCost, evaluationCost } from "./evaluation-cost.ts";

const BOOL = { typeOid: 16, typmod: -1, collation: 0 };
const TRUE_BYTE = "\x01";
const TRUE: Expression = { kind: "constant", value: TRUE_BYTE, type: BOOL };
/** A condition that grows beyond so many nodes, by what its columns stand for, goes no further down. */
const MAX_NODES = 1000;

/** A condition on its way down, over the columns of the plan that it has come to. */
interface Condition {
  readonly condition: Expression;
  /** What PostgreSQL evaluates before it, at the same place: a row that does not satisfy these never meets it. */
  readonly guards: readonly Expression[];
  /** Whether rows that it sees here are lost before they come to where the plan evaluates it. */
  readonly early: boolean;
}

/** What a column of a node's output is in terms of its input; undefined where the input does not have it. */
type Below = (column: number) => Expression | undefined;

/**
 * PostgreSQL evaluates a condition at the lowest place that has its columns, also within the subqueries and views that
 * the condition is written around, for every row there; this plan evaluates it where it is written, for the rows that joins and
 * other conditions have left. A condition that fails on one of the others would give an answer here and an error there. So it is
 * evaluated at its lowest place too, by a filter that lets every row pass that it does not fail on: an
 * error there is in scope like any other. The cheaper conditions of that place go before it, as in PostgreSQL.
 * Where PostgreSQL evaluates higher (a row limit written as a fence, a common table expression read twice), the error is in scope
 * without need: the query is forwarded.
 * `keys` are the columns of the result that parameters are compared with; those conditions stand in no filter.
 */
export function watchFailingConditions(plan: Plan, keys: readonly number[] = []): Plan {
  const watched = mapPlan(plan, watchNode);
  const columns = keys.map((index): Expression => ({ kind: "column", index, type: must(plan.columns[index]) }));
  return watchKeys(watched, columns);
}

function watchNode(node: Plan): Plan {
  switch (node.kind) {
    case "filter":
      return watchFilter(node);
    case "join":
      return watchJoin(node);
    case "expand":
      return watchExpand(node);
    default:
      return node;
  }
}

function watchFilter(plan: FilterPlan): Plan {
  if (isWatch(plan)) return plan;
  const conjuncts = byCost(splitConjuncts(plan.predicate));
  return filterPlan(watchAll(plan.input, conjuncts), conjuncts);
}

/** The keys and the residual of a join. PostgreSQL evaluates what an outer join's ON asks of the left rows at the join. */
function watchJoin(plan: JoinPlan): Plan {
  const residual = plan.residual === null ? [] : byCost(splitConjuncts(plan.residual));
  let left = watchKeys(plan.left, plan.leftKeys);
  let right = watchKeys(plan.right, plan.rightKeys);
  const width = plan.left.columns.length;
  const [ofLeft, ofRight] = [leftColumn(width), rightColumn(width)];
  residual.forEach((condition, index) => {
    const here: Condition = { condition, guards: residual.slice(0, index), early: false };
    const onLeft = plan.join === "inner" ? lower(here, ofLeft, true) : null;
    const onRight = plan.join === "full" ? null : lower(here, ofRight, true);
    if (onLeft !== null) left = place(left, onLeft);
    else if (onRight !== null) right = place(right, onRight);
  });
  return { ...plan, left, right, residual: residual.length === 0 ? null : conjunction(residual) };
}

function watchExpand(plan: ExpandPlan): Plan {
  if (plan.residual === null || plan.outer) return plan;
  const residual = byCost(splitConjuncts(plan.residual));
  let { input } = plan;
  residual.forEach((condition, index) => {
    const here: Condition = { condition, guards: residual.slice(0, index), early: false };
    const below = lower(here, leftColumn(plan.input.columns.length), true);
    if (below !== null) input = place(input, below);
  });
  return { ...plan, input, residual: conjunction(residual) };
}

/** A key as a condition that fails where the key does. */
function watchKeys(input: Plan, keys: readonly Expression[]): Plan {
  return keys.reduce((plan, key) => {
    const condition: Expression = { kind: "is-not-null", arg: key, type: BOOL };
    return place(plan, { condition, guards: [], early: false });
  }, input);
}

function watchAll(input: Plan, conjuncts: readonly Expression[]): Plan {
  return conjuncts.reduce(
    (plan, condition, index) => place(plan, { condition, guards: conjuncts.slice(0, index), early: false }),
    input,
  );
}

function leftColumn(width: number): Below {
  return (column) => (column < width ? { kind: "column", index: column, type: BOOL } : undefined);
}

function rightColumn(width: number): Below {
  return (column) => (column < width ? undefined : { kind: "column", index: column - width, type: BOOL });
}

/** An expression over a node's input; null where it reads something that the input does not have. */
function translate(expression: Expression, below: Below): Expression | null {
  if ([...columnsOf(expression)].some((column) => below(column) === undefined)) return null;
  const translated = replaceColumns(expression, (column) => ({ ...must(below(column.index)), type: column.type }));
  return isSmall(translated) ? translated : null;
}

function isSmall(expression: Expression): boolean {
  let nodes = 0;
  walkExpression(expression, () => ++nodes <= MAX_NODES);
  return nodes <= MAX_NODES;
}

/** The condition below a node, with those of its guards that go down with it; null where it cannot go there. */
function lower(from: Condition, below: Below, losesRows: boolean): Condition | null {
  const condition = translate(from.condition, below);
  if (condition === null) return null;
  const guards = from.guards.flatMap((guard) => translate(guard, below) ?? []);
  return { condition, guards, early: from.early || losesRows || guards.length < from.guards.length };
}

/** The plan with the condition watched at its lowest place in it; the plan itself where that is no lower than its own. */
function place(plan: Plan, condition: Condition): Plan {
  if (columnsOf(condition.condition).size === 0 || hasSubquery(condition.condition)) return plan;
  switch (plan.kind) {
    case "filter":
      return placeBelowFilter(plan, condition);
    case "join": {
      const width = plan.left.columns.length;
      const onLeft = lower(condition, leftColumn(width), plan.join === "inner");
      if (onLeft !== null) return { ...plan, left: place(plan.left, onLeft) };
      const onRight = lower(condition, rightColumn(width), true);
      return onRight === null ? watch(plan, condition) : { ...plan, right: place(plan.right, onRight) };
    }
    default: {
      const step = stepBelow(plan);
      const lowered = step === null ? null : lower(condition, step.below, step.losesRows);
      if (lowered === null) return watch(plan, condition);
      return withInputs(
        plan,
        planInputs(plan).map((input) => place(input, lowered)),
      );
    }
  }
}

/** Conditions that cost no more come first and stay guards; the others come later. */
function placeBelowFilter(plan: FilterPlan, from: Condition): Plan {
  if (isWatch(plan)) return placeBelowWatches(plan, from);
  const cost = evaluationCost(from.condition);
  const conjuncts = splitConjuncts(plan.predicate);
  const first = conjuncts.filter((conjunct) => evaluationCost(conjunct) <= cost);
  const early = from.early || first.length < conjuncts.length;
  return { ...plan, input: place(plan.input, { ...from, guards: [...first, ...from.guards], early }) };
}

/** What one of the watching filters that stand here does already is not done twice. */
function placeBelowWatches(plan: FilterPlan, from: Condition): Plan {
  const known: string[] = [];
  let base: Plan = plan;
  while (base.kind === "filter" && isWatch(base)) {
    known.push(canonicalJson(base.predicate));
    base = base.input;
  }
  const placed = place(base, from);
  const isKnown = placed.kind === "filter" && placed.input === base && known.includes(canonicalJson(placed.predicate));
  return placed === base || isKnown ? plan : onWatches(plan, base, placed);
}

/** The watching filters from `plan` down to `base`, over another plan. */
function onWatches(plan: Plan, base: Plan, other: Plan): Plan {
  return plan === base || plan.kind !== "filter" ? other : { ...plan, input: onWatches(plan.input, base, other) };
}

interface Step {
  readonly below: Below;
  readonly losesRows: boolean;
}

/** How PostgreSQL moves conditions on a node's output below it; null where it does not. */
function stepBelow(plan: Plan): Step | null {
  switch (plan.kind) {
    case "project":
      return { below: (column) => plan.expressions[column], losesRows: false };
    case "aggregate":
      return { below: (column) => plan.groups[column], losesRows: false };
    case "distinct":
    case "union-all":
      return { below: sameColumn, losesRows: false };
    case "set-operation":
      return plan.operation === "intersect" ? { below: sameColumn, losesRows: true } : null;
    case "window":
    case "single-row":
      return { below: columnAmong(plan.partition), losesRows: false };
    case "top-k":
      return { below: columnAmong(plan.partition), losesRows: true };
    case "expand":
      return { below: leftColumn(plan.input.columns.length), losesRows: !plan.outer };
    default:
      return null;
  }
}

function sameColumn(column: number): Expression {
  return { kind: "column", index: column, type: BOOL };
}

/** Rows of one partition are kept or dropped together by a condition on what they are partitioned by. */
function columnAmong(partition: readonly Expression[]): Below {
  return (column) => partition.find((expression) => expression.kind === "column" && expression.index === column);
}

/** Subqueries are evaluated for the rows that are left, by their cost. */
function hasSubquery(condition: Expression): boolean {
  let found = false;
  walkExpression(condition, (node) => {
    found ||= node.kind === "one-row";
  });
  return found;
}

function watch(plan: Plan, { condition, guards, early }: Condition): Plan {
  const cost = evaluationCost(condition);
  const before = byCost(guards).filter((guard) => evaluationCost(guard) <= cost);
  if (!canFail(condition) || !(early || before.length < guards.length)) return plan;
  return {
    kind: "filter",
    input: plan,
    predicate: { kind: "or", args: [conjunction([...before, condition]), TRUE], type: BOOL },
    columns: plan.columns,
  };
}

/** Whether the filter only watches: it lets all rows pass that it does not fail on. */
function isWatch(plan: FilterPlan): boolean {
  const { predicate } = plan;
  const last = predicate.kind === "or" ? predicate.args.at(-1) : undefined;
  return last?.kind === "constant" && last.value === TRUE_BYTE;
}
