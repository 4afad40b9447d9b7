import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import { equalityOf, wideningCast } from "./operators.ts";

/** The expression in the wider of two types that an operator compares in; undefined where no exact cast is known. */
export function widen(expression: Expression, typeOid: number): Expression | undefined {
  if (expression.type.typeOid === typeOid) return expression;
  const cast = wideningCast(expression.type.typeOid, typeOid);
  if (cast === undefined) return undefined;
  const type = { typeOid, typmod: -1, collation: 0 };
  return { kind: "call", ...cast, strict: true, inputCollation: 0, args: [expression], type };
}

/** Both sides of `a = b` by the default equality, brought to one type; undefined for every other expression. */
export function equalSides(expression: Expression): readonly [Expression, Expression] | undefined {
  if (expression.kind !== "call" || expression.args.length !== 2) return undefined;
  const comparison = equalityOf(expression.name);
  if (comparison === undefined) return undefined;
  const [first, second] = [must(expression.args[0]), must(expression.args[1])];
  if (comparison.mixedType === null) return first.type.typeOid === second.type.typeOid ? [first, second] : undefined;
  const [left, right] = [widen(first, comparison.mixedType), widen(second, comparison.mixedType)];
  return left === undefined || right === undefined ? undefined : [left, right];
}
