import { unreachable } from "@freshet/base";
import { aggregateExpressions, mapAggregateCall } from "./aggregate-call.ts";
import type { Expression } from "./expression.ts";
import type { Plan } from "./plan.ts";
import { mapSource, sourceExpressions } from "./row-source.ts";
import { mapWindowCall, windowCallExpressions } from "./window.ts";

/** One function per node kind; `inputs` holds the results of the node's inputs, in their order. */
export type PlanVisitor<T> = {
  readonly [Kind in Plan["kind"]]: (plan: Extract<Plan, { kind: Kind }>, inputs: readonly T[]) => T;
};

/** The inputs of a node, left to right. */
export function planInputs(plan: Plan): readonly Plan[] {
  switch (plan.kind) {
    case "scan":
    case "unit":
    case "recursive-input":
      return [];
    case "filter":
    case "project":
    case "expand":
    case "aggregate":
    case "distinct":
    case "top-k":
    case "single-row":
    case "window":
    case "upstream-calls":
      return [plan.input];
    case "join":
    case "set-operation":
      return [plan.left, plan.right];
    case "union-all":
    case "recursive":
      return plan.inputs;
    default:
      return unreachable(plan, "plan node");
  }
}

/** Folds the plan bottom-up with one function per node kind. */
export function visitPlan<T>(plan: Plan, visitor: PlanVisitor<T>): T {
  const inputs = planInputs(plan).map((input) => visitPlan(input, visitor));
  switch (plan.kind) {
    case "scan":
      return visitor.scan(plan, inputs);
    case "unit":
      return visitor.unit(plan, inputs);
    case "filter":
      return visitor.filter(plan, inputs);
    case "project":
      return visitor.project(plan, inputs);
    case "expand":
      return visitor.expand(plan, inputs);
    case "join":
      return visitor.join(plan, inputs);
    case "aggregate":
      return visitor.aggregate(plan, inputs);
    case "distinct":
      return visitor.distinct(plan, inputs);
    case "union-all":
      return visitor["union-all"](plan, inputs);
    case "set-operation":
      return visitor["set-operation"](plan, inputs);
    case "top-k":
      return visitor["top-k"](plan, inputs);
    case "single-row":
      return visitor["single-row"](plan, inputs);
    case "window":
      return visitor.window(plan, inputs);
    case "recursive":
      return visitor.recursive(plan, inputs);
    case "recursive-input":
      return visitor["recursive-input"](plan, inputs);
    case "upstream-calls":
      return visitor["upstream-calls"](plan, inputs);
    default:
      return unreachable(plan, "plan node");
  }
}

/** The node with other inputs; as many as it has. */
export function withInputs(plan: Plan, inputs: readonly Plan[]): Plan {
  switch (plan.kind) {
    case "scan":
    case "unit":
    case "recursive-input":
      return plan;
    case "filter":
    case "project":
    case "expand":
    case "aggregate":
    case "distinct":
    case "top-k":
    case "single-row":
    case "window":
    case "upstream-calls":
      return { ...plan, input: inputs[0] as Plan };
    case "join":
    case "set-operation":
      return { ...plan, left: inputs[0] as Plan, right: inputs[1] as Plan };
    case "union-all":
    case "recursive":
      return { ...plan, inputs };
    default:
      return unreachable(plan, "plan node");
  }
}

/** Rebuilds the plan bottom-up: `rewrite` sees each node with its inputs already rewritten. */
export function mapPlan(plan: Plan, rewrite: (plan: Plan) => Plan): Plan {
  const inputs = planInputs(plan);
  const mapped = inputs.map((input) => mapPlan(input, rewrite));
  const same = mapped.every((input, index) => input === inputs[index]);
  return rewrite(same ? plan : withInputs(plan, mapped));
}

/** Calls `visit` for every node, inputs before their consumers. */
export function walkPlan(plan: Plan, visit: (plan: Plan) => void): void {
  for (const input of planInputs(plan)) walkPlan(input, visit);
  visit(plan);
}

/** The expressions that stand in the node itself. */
export function planExpressions(plan: Plan): readonly Expression[] {
  switch (plan.kind) {
    case "scan":
    case "unit":
    case "recursive-input":
    case "distinct":
    case "union-all":
    case "set-operation":
      return [];
    case "filter":
      return [plan.predicate];
    case "project":
      return plan.expressions;
    case "expand":
      return [...plan.sources.flatMap(sourceExpressions), ...(plan.residual === null ? [] : [plan.residual])];
    case "join":
      return [...plan.leftKeys, ...plan.rightKeys, ...(plan.residual === null ? [] : [plan.residual])];
    case "aggregate":
      return [...plan.groups, ...plan.aggregates.flatMap(aggregateExpressions)];
    case "top-k":
      return [...plan.partition, ...plan.sort.map((key) => key.expression)];
    case "single-row":
      return plan.partition;
    case "recursive":
      return bodyExpressions(plan.body);
    case "upstream-calls":
      return plan.calls.flatMap((call) => call.args);
    case "window":
      return [
        ...plan.partition,
        ...plan.sort.map((key) => key.expression),
        ...plan.calls.flatMap((call) => windowCallExpressions(call)),
      ];
    default:
      return unreachable(plan, "plan node");
  }
}

/** The node with its own expressions mapped; its inputs stay. */
export function mapPlanExpressions<Node extends Plan>(plan: Node, map: (expression: Expression) => Expression): Node;
export function mapPlanExpressions(plan: Plan, map: (expression: Expression) => Expression): Plan {
  switch (plan.kind) {
    case "scan":
    case "unit":
    case "recursive-input":
    case "distinct":
    case "union-all":
    case "set-operation":
      return plan;
    case "filter":
      return { ...plan, predicate: map(plan.predicate) };
    case "project":
      return { ...plan, expressions: plan.expressions.map(map) };
    case "expand":
      return {
        ...plan,
        sources: plan.sources.map((source) => mapSource(source, map)),
        residual: plan.residual === null ? null : map(plan.residual),
      };
    case "join":
      return {
        ...plan,
        leftKeys: plan.leftKeys.map(map),
        rightKeys: plan.rightKeys.map(map),
        residual: plan.residual === null ? null : map(plan.residual),
      };
    case "aggregate":
      return {
        ...plan,
        groups: plan.groups.map(map),
        aggregates: plan.aggregates.map((call) => mapAggregateCall(call, map)),
      };
    case "top-k":
      return {
        ...plan,
        partition: plan.partition.map(map),
        sort: plan.sort.map((key) => ({ ...key, expression: map(key.expression) })),
      };
    case "single-row":
      return { ...plan, partition: plan.partition.map(map) };
    case "upstream-calls":
      return { ...plan, calls: plan.calls.map((call) => ({ ...call, args: call.args.map(map) })) };
    case "recursive":
      return { ...plan, body: mapPlan(plan.body, (node) => mapPlanExpressions(node, map)) };
    case "window":
      return {
        ...plan,
        partition: plan.partition.map(map),
        sort: plan.sort.map((key) => ({ ...key, expression: map(key.expression) })),
        calls: plan.calls.map((call) => mapWindowCall(call, map)),
      };
    default:
      return unreachable(plan, "plan node");
  }
}

/** The expressions of a recursive plan's body, which is no input of it. */
function bodyExpressions(body: Plan): readonly Expression[] {
  return [...planExpressions(body), ...planInputs(body).flatMap(bodyExpressions)];
}
