import { unreachable } from "@freshet/base";
import type { Plan, ScanPlan, JoinPlan, RecursivePlan } from "@freshet/sql";
import type { NodeSpec } from "./node-spec.ts";

/** Plans that become one node over the nodes of their inputs. */
type SingleNodePlan = Exclude<Plan, ScanPlan | JoinPlan | RecursivePlan>;

/** What the node of such a plan does. */
export function ownSpec(plan: SingleNodePlan): NodeSpec {
  switch (plan.kind) {
    case "unit":
    case "distinct":
    case "union-all":
      return { kind: plan.kind };
    case "filter":
      return { kind: "filter", predicate: plan.predicate };
    case "project":
      return { kind: "project", expressions: plan.expressions };
    case "expand": {
      const { sources, ordinality, residual, outer } = plan;
      return { kind: "expand", sources, ordinality, residual, outer };
    }
    case "aggregate": {
      const { groups, aggregates, scalar } = plan;
      return { kind: "aggregate", groups, aggregates, scalar };
    }
    case "set-operation":
      return { kind: "set-operation", operation: plan.operation, all: plan.all };
    case "top-k": {
      const { partition, sort, limit, offset, ties } = plan;
      return { kind: "top-k", partition, sort, limit, offset, ...(ties && { ties }) };
    }
    case "single-row":
      return { kind: "single-row", partition: plan.partition };
    case "recursive-input":
      return { kind: "recursive-input", input: plan.input };
    case "window": {
      const { partition, sort, calls } = plan;
      return { kind: "window", partition, sort, calls };
    }
    case "upstream-calls": {
      const { calls, role, searchPath } = plan;
      return { kind: "upstream-calls", calls, role, searchPath };
    }
    default:
      return unreachable(plan, "plan");
  }
}
