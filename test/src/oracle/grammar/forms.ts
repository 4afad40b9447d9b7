import type { Draft, Form, Operand } from "./draft.ts";

/** A way to write an aggregate over one of `operands`. */
export interface AggregateForm extends Form {
  write(draft: Draft, operands: readonly Operand[]): Operand;
}

/** A way to write a condition over one of `operands`. */
export interface ConditionForm extends Form {
  write(draft: Draft, operands: readonly Operand[]): string;
}

/** A way to make an output column of one of `operands`. */
export interface ExpressionForm extends Form {
  write(draft: Draft, operands: readonly Operand[]): Operand;
}
