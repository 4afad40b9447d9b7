import type { Decimal } from "@freshet/values";
import {
  addDecimals,
  divideDecimals,
  multiplyDecimals,
  remainderOfDecimals,
  subtractDecimals,
} from "../numeric/arithmetic.ts";
import { type JsonItem, notKnown } from "./json-item.ts";
import type { ArithmeticOperator } from "./syntax.ts";

/** The operators, with the errors of numeric. */
export const ARITHMETIC: Readonly<Record<ArithmeticOperator, (a: Decimal, b: Decimal) => Decimal>> = {
  "+": addDecimals,
  "-": subtractDecimals,
  "*": multiplyDecimals,
  "/": divideDecimals,
  "%": remainderOfDecimals,
};

export function number(value: Decimal): JsonItem {
  return { kind: "number", value };
}

/** The number that an item is; undefined for what is none. */
export function numberOf(item: JsonItem | undefined): Decimal | undefined {
  if (item?.kind === "unknown") throw notKnown();
  return item?.kind === "number" ? item.value : undefined;
}
