import { assert, must } from "@freshet/base";
import { columnsOf, mapExpression, replaceColumns, walkExpression } from "../plan/expression-walk.ts";
import type { Expression, UpstreamExpression } from "../plan/expression.ts";
import { conjunction, projectPlan } from "../plan/plan-build.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import { mapPlan, mapPlanExpressions, planExpressions, withInputs } from "../plan/plan-walk.ts";
import type { ExpandPlan, FilterPlan, JoinPlan, Plan } from "../plan/plan.ts";
import type { UpstreamCall } from "../plan/upstream-call.ts";
import { type CallEnvironment, FAILURE_TYPE, upstreamCallsPlan } from "../plan/upstream-calls.ts";
import { unsupported } from "./unsupported.ts";

/** An input with the results of calls behind its columns, and what expressions over the input are over those. */
interface Lifted {
  readonly input: Plan;
  readonly expressions: readonly Expression[];
}

/**
 * Makes every upstream expression of a plan the column of an `upstream-calls` node below the node it stands in, and takes
 * these columns away again above that node. What a filter asks before it (it has cheap conditions first) is looked at below, so that
 * no more rows than need be have calls made for them.
 */
export class UpstreamCallLifter {
  readonly #environment: CallEnvironment;
  readonly #checkType: (typeOid: number) => void;

  /** `checkType` refuses types whose values cannot be kept. */
  constructor(environment: CallEnvironment, checkType: (typeOid: number) => void) {
    this.#environment = environment;
    this.#checkType = checkType;
  }

  lift(plan: Plan): Plan {
    return mapPlan(plan, (node) => this.#node(node));
  }

  #node(node: Plan): Plan {
    const expressions = planExpressions(node);
    if (!expressions.some(hasUpstream)) return node;
    switch (node.kind) {
      case "filter":
        return this.#filter(node);
      case "join":
        return this.#join(node);
      case "project":
      case "aggregate":
        return this.#replaced(node, this.#under(node.input, expressions));
      case "top-k":
      case "single-row":
      case "window": {
        const replaced = this.#replaced(node, this.#under(node.input, expressions));
        const { length } = node.input.columns;
        const columns = [...replaced.columns, ...node.columns.slice(length)];
        return dropColumns({ ...replaced, columns }, length, replaced.columns.length - length);
      }
      case "expand":
        return this.#expand(node);
      case "recursive":
        throw unsupported("functions that only PostgreSQL can evaluate are not supported in WITH RECURSIVE");
      default:
        throw unsupported(`a function that only PostgreSQL can evaluate is not supported here (${node.kind})`);
    }
  }

  /** The node over the input with calls; `columns` are that input's where the node hands its input's columns on. */
  #replaced<Node extends Plan>(node: Node, { input, expressions }: Lifted): Node {
    const before = planExpressions(node);
    const replacements = new Map(before.map((expression, index) => [expression, must(expressions[index])]));
    const mapped = mapPlanExpressions(node, (expression) => must(replacements.get(expression)));
    const columns = node.kind === "project" || node.kind === "aggregate" ? node.columns : input.columns;
    return { ...withInputs(mapped, [input]), columns } as Node;
  }

  #filter(node: FilterPlan): Plan {
    const conjuncts = conjunctsOf(node.predicate);
    const own = conjuncts.slice(0, conjuncts.findIndex(hasUpstream));
    const below: Plan = own.length === 0 ? node.input : { ...node, predicate: conjunction(own) };
    const { input, expressions } = this.#under(below, conjuncts.slice(own.length));
    const filtered: Plan = { kind: "filter", input, predicate: conjunction(expressions), columns: input.columns };
    return firstColumns(filtered, node.columns.length);
  }

  #expand(node: ExpandPlan): Plan {
    if (node.residual !== null && hasUpstream(node.residual))
      throw unsupported(
        "a condition on what a set-returning function makes needs a function that only PostgreSQL can evaluate",
      );
    const own = node.input.columns.length;
    const sources = planExpressions({ ...node, residual: null });
    const { input, expressions } = this.#under(node.input, sources);
    const added = input.columns.length - own;
    const replacements = new Map(sources.map((expression, index) => [expression, must(expressions[index])]));
    const mapped = mapPlanExpressions({ ...node, residual: null }, (source) => must(replacements.get(source)));
    const residual = node.residual === null ? null : shifted(node.residual, own, added);
    const columns = [...input.columns, ...node.columns.slice(own)];
    return dropColumns({ ...mapped, input, residual, columns }, own, added);
  }

  /**
   * Calls over one side are made below the join. What takes columns of both sides is looked at above an inner join that has
   * keys; without them the calls would be made for each pair of rows.
   */
  #join(node: JoinPlan): Plan {
    const width = node.left.columns.length;
    const conjuncts = node.residual === null ? [] : conjunctsOf(node.residual);
    const mixed = conjuncts.filter((conjunct) => maximalCalls(conjunct).some((call) => sideOf(call, width) === null));
    if (mixed.length > 0) {
      if (node.join !== "inner" || node.leftKeys.length === 0)
        throw unsupported(
          "a join's condition calls a function that only PostgreSQL can evaluate with columns of both sides",
          {
            hint: "Add an equality between columns of the two sides to an inner join.",
          },
        );
      const rest = conjuncts.filter((conjunct) => !mixed.includes(conjunct));
      const joined = { ...node, residual: rest.length === 0 ? null : conjunction(rest) };
      return this.#node({
        kind: "filter",
        input: this.#node(joined),
        predicate: conjunction(mixed),
        columns: node.columns,
      });
    }
    const calls = node.residual === null ? [] : maximalCalls(node.residual);
    const leftCalls = calls.filter((call) => sideOf(call, width) === "left");
    const rightCalls = calls.filter((call) => !leftCalls.includes(call));
    const left = this.#under(node.left, [...node.leftKeys, ...leftCalls]);
    const right = this.#under(node.right, [...node.rightKeys, ...rightCalls.map((call) => moved(call, -width))]);
    const added = left.input.columns.length - width;
    const keys = node.leftKeys.length;
    const replacements = new Map<string, Expression>();
    leftCalls.forEach((call, index) => replacements.set(canonicalJson(call), must(left.expressions[keys + index])));
    rightCalls.forEach((call, index) =>
      replacements.set(canonicalJson(call), moved(must(right.expressions[keys + index]), width + added)),
    );
    const joined: JoinPlan = {
      ...node,
      left: left.input,
      right: right.input,
      leftKeys: left.expressions.slice(0, keys),
      rightKeys: right.expressions.slice(0, keys),
      residual: node.residual === null ? null : withResults(node.residual, replacements, width, added),
      columns: [...left.input.columns, ...right.input.columns],
    };
    return firstColumns(dropColumns(joined, width, added), node.columns.length);
  }

  /** Innermost calls first, each equal one once, until no expression holds one. */
  #under(input: Plan, expressions: readonly Expression[]): Lifted {
    let lifted: Lifted = { input, expressions };
    while (lifted.expressions.some(hasUpstream)) lifted = this.#innermost(lifted);
    return lifted;
  }

  #innermost({ input, expressions }: Lifted): Lifted {
    const calls = new Map<string, UpstreamCall>();
    for (const expression of expressions) {
      walkExpression(expression, (node) => {
        if (!isInnermost(node)) return;
        const { parts, args, functions, type } = node;
        this.#checkType(type.typeOid);
        for (const arg of args) this.#checkType(arg.type.typeOid);
        calls.set(canonicalJson(node), { parts, args, functions, type });
      });
    }
    const names = [...calls.keys()];
    const from = input.columns.length;
    const replaced = expressions.map((expression) =>
      mapExpression(expression, (node): Expression | undefined => {
        if (!isInnermost(node)) return undefined;
        const at = from + 2 * names.indexOf(canonicalJson(node));
        const value: Expression = { kind: "column", index: at, type: node.type };
        const failure: Expression = { kind: "column", index: at + 1, type: FAILURE_TYPE };
        return { kind: "called", failure, value, type: node.type };
      }),
    );
    return { input: upstreamCallsPlan(input, [...calls.values()], this.#environment), expressions: replaced };
  }
}

/** Whether the expression or a part of it is PostgreSQL's to evaluate. */
export function hasUpstream(expression: Expression): boolean {
  let found = false;
  walkExpression(expression, (node) => {
    if (node.kind === "upstream") found = true;
    return !found;
  });
  return found;
}

function isInnermost(node: Expression): node is UpstreamExpression {
  return node.kind === "upstream" && !node.args.some(hasUpstream);
}

function maximalCalls(expression: Expression): UpstreamExpression[] {
  const found: UpstreamExpression[] = [];
  walkExpression(expression, (node) => {
    if (node.kind !== "upstream") return true;
    found.push(node);
    return false;
  });
  return found;
}

function sideOf(call: Expression, width: number): "left" | "right" | null {
  const columns = [...columnsOf(call)];
  if (columns.every((column) => column < width)) return "left";
  return columns.every((column) => column >= width) ? "right" : null;
}

function conjunctsOf(predicate: Expression): readonly Expression[] {
  return predicate.kind === "and" ? predicate.args.flatMap(conjunctsOf) : [predicate];
}

function moved(expression: Expression, by: number): Expression {
  return replaceColumns(expression, (column) => ({ ...column, index: column.index + by }));
}

/** Columns from `from` on lie `added` further behind. */
function shifted(expression: Expression, from: number, added: number): Expression {
  return replaceColumns(expression, (column) =>
    column.index < from ? column : { ...column, index: column.index + added },
  );
}

function withResults(
  residual: Expression,
  results: ReadonlyMap<string, Expression>,
  from: number,
  added: number,
): Expression {
  return mapExpression(residual, (node) => {
    if (node.kind === "upstream") return must(results.get(canonicalJson(node)));
    return node.kind === "column" ? shifted(node, from, added) : undefined;
  });
}

/** The rows without `count` columns from `from` on. */
function dropColumns(plan: Plan, from: number, count: number): Plan {
  const kept = plan.columns.flatMap((type, index): Expression[] =>
    index >= from && index < from + count ? [] : [{ kind: "column", index, type }],
  );
  return projectPlan(plan, kept);
}

function firstColumns(plan: Plan, count: number): Plan {
  assert(plan.columns.length >= count, "a plan has too few columns");
  return dropColumns(plan, count, plan.columns.length - count);
}
