import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import { columnsOf, mapExpression, parametersOf, walkExpression } from "../plan/expression-walk.ts";
import type { ReadConditions } from "../plan/query-plan.ts";
import { canFail } from "./can-fail.ts";
import { byCost, evaluationCost } from "./evaluation-cost.ts";
import { UnliftableParameter } from "./unsupported.ts";

/**
 * Conditions over parameters that are no keys (`name LIKE $2`, `price * $2 > 10`, `a = $2 OR b = $3`): they are looked at when a
 * key's rows are read. What of them names no parameter becomes a hidden column of the view.
 */
export class ReadTimeConditions {
  readonly conditions: readonly Expression[];

  constructor(conditions: readonly Expression[]) {
    this.conditions = byCost(conditions);
  }

  /** The largest parts that name no parameter but columns: the columns that the view has to keep. */
  columns(): Expression[] {
    return this.conditions.flatMap((condition) => {
      const found: Expression[] = [];
      walkExpression(condition, (node) => {
        if (!isColumn(node)) return true;
        found.push(node);
        return false;
      });
      return found;
    });
  }

  /** As the view's reader needs them: over the output's columns, of which `columnOf` gives each of `columns`. */
  over(columnOf: (expression: Expression) => number, visible: number): ReadConditions {
    let stored = visible;
    const conditions = this.conditions.map((condition) =>
      mapExpression(condition, (node) => {
        if (!isColumn(node)) return undefined;
        const index = columnOf(node);
        stored = Math.max(stored, index + 1);
        return { kind: "column", index, type: node.type };
      }),
    );
    return { conditions, stored };
  }

  refuse(reason: string): never {
    const [number] = parametersOf(must(this.conditions[0]));
    throw new UnliftableParameter(must(number), reason);
  }

  /**
   * Where PostgreSQL might look at a condition in more rows than are read here, it must not be one that can fail.
   * On one table it comes to those that are cheaper first, and of equal ones to those written before.
   */
  checkFailures(conjuncts: readonly Expression[], isOneTable: boolean): void {
    for (const condition of this.conditions) {
      walkExpression(condition, (node) => {
        if (node.kind === "upstream" && parametersOf(node).size > 0)
          this.refuse("stands in a call that only PostgreSQL can evaluate");
      });
      if (!canFail(condition)) continue;
      const cost = evaluationCost(condition);
      const place = conjuncts.indexOf(condition);
      const isLast = conjuncts.every((other, index) => {
        if (other === condition || this.conditions.includes(other)) return true;
        const otherCost = evaluationCost(other);
        return otherCost < cost || (otherCost === cost && index < place);
      });
      if (!isOneTable || !isLast)
        this.refuse("stands in a condition that may fail, and that PostgreSQL may evaluate before others");
    }
  }
}

function isColumn(node: Expression): boolean {
  return parametersOf(node).size === 0 && columnsOf(node).size > 0;
}
