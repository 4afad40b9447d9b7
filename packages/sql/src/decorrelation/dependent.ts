import { must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import { projectPlan } from "../plan/plan-build.ts";
import type { Plan } from "../plan/plan.ts";
import { mapOuters } from "./outer-references.ts";

/** The column that holds an outer symbol's value; `nullable`: it may be NULL, which then stands for NULL outside. */
export interface Binding {
  readonly column: number;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/**
 * A subquery's rows for all values of what it reads from outside. Columns: the `width` columns of the subquery,
 * then others, the bindings among them. The rows for given outer values are those whose bindings equal them;
 * rows for values that do not occur outside may be there too.
 */
export interface Dependent {
  readonly plan: Plan;
  readonly width: number;
  readonly bindings: ReadonlyMap<number, Binding>;
  /** For outer values without any row here: the one row that the subquery has all the same. Null: none. */
  readonly defaults: readonly Expression[] | null;
}

export function columnOf(index: number, type: ColumnType): Expression {
  return { kind: "column", index, type };
}

export function columnsTo(plan: Plan, count: number): Expression[] {
  return plan.columns.slice(0, count).map((type, index) => columnOf(index, type));
}

export function bindingColumn({ column, type }: Binding): Expression {
  return columnOf(column, type);
}

/** The expression with the bindings' columns in the place of outer symbols, all of which are bound. */
export function bindOuters(expression: Expression, dependent: Dependent): Expression {
  return mapOuters(expression, (outer) => {
    const binding = must(dependent.bindings.get(outer.index), "an outer symbol is not bound");
    return columnOf(binding.column, outer.type);
  });
}

/** The same rows with no columns but the subquery's own (as `columns` has them) and the bindings, these in order. */
export function trim(dependent: Dependent, columns: readonly Expression[]): Dependent {
  const entries = [...dependent.bindings].sort(([a], [b]) => b - a);
  const plan = projectPlan(dependent.plan, [...columns, ...entries.map(([, binding]) => bindingColumn(binding))]);
  const bindings = new Map(
    entries.map(([symbol, binding], index): [number, Binding] => [
      symbol,
      { ...binding, column: columns.length + index },
    ]),
  );
  return { plan, width: columns.length, bindings, defaults: dependent.defaults };
}

export function trimmed(dependent: Dependent): Dependent {
  return trim(dependent, columnsTo(dependent.plan, dependent.width));
}
