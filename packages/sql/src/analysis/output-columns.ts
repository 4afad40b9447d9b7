import { Oid } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import { canonicalJson } from "../plan/plan-hash.ts";

/** Whether two columns are one, the second seen as varchar or text: values, equality and byte order are the same. */
export function isSameText(left: Expression, right: Expression): boolean {
  const plainText = (oid: number): boolean => oid === Oid.text || oid === Oid.varchar;
  if (left.kind !== "column" || right.kind !== "column" || left.index !== right.index) return false;
  return plainText(left.type.typeOid) && plainText(right.type.typeOid);
}

/** The expressions of an output row, in their positions. */
export class OutputColumns {
  readonly expressions: Expression[] = [];

  append(expression: Expression): number {
    return this.expressions.push(expression) - 1;
  }

  /** The position of an equal expression, or of this one, appended. */
  share(expression: Expression): number {
    const text = canonicalJson(expression);
    const known = this.expressions.findIndex((other) => canonicalJson(other) === text);
    return known >= 0 ? known : this.append(expression);
  }

  /** The same for what a parameter is compared with, whose type may differ where the comparison does not. */
  shareKey(expression: Expression): number {
    const known = this.expressions.findIndex((other) => isSameText(other, expression));
    return known >= 0 ? known : this.share(expression);
  }
}
