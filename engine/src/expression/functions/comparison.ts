import type { Value } from "@freshet/values";
import type { FunctionTable, ScalarImplementation } from "./scalar-function.ts";

/** Negative, 0 or positive, as PostgreSQL's btree support function orders its arguments. */
export interface Comparison {
  compare(a: Value, b: Value): number;
}

export type Compare = Comparison["compare"];

export const COMPARISON_SUFFIXES = ["eq", "ne", "lt", "le", "gt", "ge"] as const;
export type ComparisonSuffix = (typeof COMPARISON_SUFFIXES)[number];

/** The six operators of an order. */
export function comparisonOperators(compare: Compare): Readonly<Record<ComparisonSuffix, ScalarImplementation>> {
  return {
    eq: (a: Value, b: Value) => compare(a, b) === 0,
    ne: (a: Value, b: Value) => compare(a, b) !== 0,
    lt: (a: Value, b: Value) => compare(a, b) < 0,
    le: (a: Value, b: Value) => compare(a, b) <= 0,
    gt: (a: Value, b: Value) => compare(a, b) > 0,
    ge: (a: Value, b: Value) => compare(a, b) >= 0,
  };
}

/** `<prefix>eq<suffix>`, `<prefix>ne<suffix>` and so on for one order. */
export function comparisonTable(compare: Compare, prefix: string, suffix = ""): FunctionTable {
  const operators = comparisonOperators(compare);
  return Object.fromEntries(COMPARISON_SUFFIXES.map((name) => [`${prefix}${name}${suffix}`, operators[name]]));
}

/** `larger` and `smaller` of one order; of equal values the second, as PostgreSQL's `a > b ? a : b`. */
export function extremeTable(compare: Compare, larger: string, smaller: string): FunctionTable {
  return {
    [larger]: (a: Value, b: Value) => (compare(a, b) > 0 ? a : b),
    [smaller]: (a: Value, b: Value) => (compare(a, b) < 0 ? a : b),
  };
}

/** Integers of any width: numbers and bigints compare by value with each other. */
export function compareIntegers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Floats: NaN equals itself and is above everything; -0 equals 0. */
export function compareFloats(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return (Number.isNaN(a) ? 1 : 0) - (Number.isNaN(b) ? 1 : 0);
}

export function compareBooleans(a: boolean, b: boolean): number {
  return (a ? 1 : 0) - (b ? 1 : 0);
}

/**
 * Code point order, which is the byte order of UTF-8. UTF-16 units order the same way but for
 * surrogates, which belong above U+E000..U+FFFF.
 */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return orderedUnit(left) - orderedUnit(right);
  }
  return a.length - b.length;
}

function orderedUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** bpchar: trailing blanks do not count. */
export function comparePadded(a: string, b: string): number {
  return compareText(trimPadding(a), trimPadding(b));
}

export function trimPadding(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end--;
  return end === text.length ? text : text.slice(0, end);
}

export function compareBytes(a: Buffer, b: Buffer): number {
  return a.compare(b);
}
