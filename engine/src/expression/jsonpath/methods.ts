import { type Decimal, finiteDecimal, formatDecimal, parseDecimal } from "@freshet/values";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { absoluteDecimal } from "../numeric/arithmetic.ts";
import { decimalToInt4, decimalToInt8, floatToDecimal, integerToDecimal } from "../numeric/conversion.ts";
import { applyTypmod, ceilDecimal, floorDecimal } from "../numeric/rounding.ts";
import { type JsonItem, notKnown, textOf } from "./json-item.ts";
import { toMoment } from "./moments.ts";
import { PathError, pathError, PathState } from "./path-error.ts";
import type { PlainMethod } from "./syntax.ts";

/** Methods that make one scalar of another; of arrays in lax mode, of each element. */
export type ScalarMethod = Exclude<PlainMethod, "type" | "size" | "keyvalue">;

const BLANK = "[ \\t\\n\\v\\f\\r]*";
const DECIMAL = new RegExp(`^${BLANK}([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)${BLANK}$`);
const INTEGER = new RegExp(`^${BLANK}([+-]?\\d+)${BLANK}$`);
/** Majors differ in whether they read these as numbers. */
const OTHER_RADIX = /0[xXoObB]|_/;

function number(value: Decimal): JsonItem {
  return { kind: "number", value };
}

function invalid(text: string, method: string, type: string): PathError {
  return pathError(
    "nonNumericItem",
    `argument "${text}" of jsonpath item method .${method}() is invalid for type ${type}`,
  );
}

function notApplicable(method: string, what: string): PathError {
  return pathError("nonNumericItem", `jsonpath item method .${method}() can only be applied to a ${what} value`);
}

/** What `convert` gives; its failure is one that paths may suppress. */
function converted<T>(convert: () => T, failure: () => PathError): T {
  try {
    return convert();
  } catch (error) {
    if (error instanceof EvaluationError && !error.declined) throw failure();
    throw error;
  }
}

/** The decimal that a string is for `numeric`. NaN and infinities are as wrong as what is no number. */
function decimalOf(text: string, method: string): Decimal {
  const spelling = DECIMAL.exec(text)?.[1];
  const value = spelling === undefined ? undefined : parseDecimal(spelling);
  if (value !== undefined) return value;
  if (spelling === undefined && OTHER_RADIX.test(text)) throw declined("this text as a number of a jsonpath");
  throw invalid(text, method, "numeric");
}

function toDouble(item: JsonItem): JsonItem {
  if (item.kind !== "number" && item.kind !== "string") throw notApplicable("double", "string or numeric");
  const text = textOfScalar(item);
  const fail = (): PathError => invalid(text, "double", "double precision");
  const spelling = DECIMAL.exec(text)?.[1];
  if (spelling === undefined && OTHER_RADIX.test(text)) throw declined("this text as a number of a jsonpath");
  if (spelling === undefined) throw fail();
  const value = Number(spelling);
  const isZero = /^[^eE]*[1-9]/.exec(spelling) === null;
  if (!Number.isFinite(value) || (value === 0 && !isZero)) throw fail();
  return item.kind === "number" ? item : number(floatToDecimal(value, 15));
}

function toInteger(item: JsonItem, method: "bigint" | "integer"): JsonItem {
  const toWidth = (value: Decimal): bigint => {
    return method === "bigint" ? decimalToInt8(value) : BigInt(decimalToInt4(value));
  };
  const text = item.kind === "number" || item.kind === "string" ? textOfScalar(item) : undefined;
  if (text === undefined) throw notApplicable(method, "string or numeric");
  const fail = (): PathError => invalid(text, method, method);
  if (item.kind === "number") return number(integerToDecimal(converted(() => toWidth(item.value), fail)));
  const spelling = INTEGER.exec(text)?.[1];
  if (spelling === undefined && OTHER_RADIX.test(text)) throw declined("this text as a number of a jsonpath");
  if (spelling === undefined) throw fail();
  return number(integerToDecimal(converted(() => toWidth(finiteDecimal(BigInt(spelling), 0)), fail)));
}

const TRUE = /^(t|tr|tru|true|y|ye|yes|on|1)$/i;
const FALSE = /^(f|fa|fal|fals|false|n|no|of|off|0)$/i;

function toBoolean(item: JsonItem): JsonItem {
  switch (item.kind) {
    case "boolean":
      return item;
    case "number": {
      const text = formatDecimal(item.value);
      const fail = (): PathError => invalid(text, "boolean", "boolean");
      if (item.value.scale > 0) throw fail();
      return { kind: "boolean", value: converted(() => decimalToInt4(item.value), fail) !== 0 };
    }
    case "string":
      if (!TRUE.test(item.value) && !FALSE.test(item.value)) throw invalid(item.value, "boolean", "boolean");
      return { kind: "boolean", value: TRUE.test(item.value) };
    default:
      throw notApplicable("boolean", "boolean, string, or numeric");
  }
}

function textOfScalar(item: JsonItem): string {
  return item.kind === "string" ? item.value : textOf(item);
}

function toNumber(item: JsonItem, method: "number" | "decimal"): Decimal {
  if (item.kind === "number") return item.value;
  if (item.kind === "string") return decimalOf(item.value, method);
  throw notApplicable(method, "string or numeric");
}

function toText(item: JsonItem): JsonItem {
  switch (item.kind) {
    case "string":
      return item;
    case "number":
    case "boolean":
      return { kind: "string", value: textOf(item) };
    case "moment":
      return { kind: "string", value: item.text };
    default:
      throw notApplicable("string", "boolean, string, numeric, or datetime");
  }
}

const ROUNDINGS = { abs: absoluteDecimal, floor: floorDecimal, ceiling: ceilDecimal } as const;

/** `.double()`, `.abs()` and the like of one item. */
export function applyMethod(method: ScalarMethod, item: JsonItem): JsonItem {
  if (item.kind === "unknown") throw notKnown();
  switch (method) {
    case "abs":
    case "floor":
    case "ceiling":
      if (item.kind !== "number") throw notApplicable(method, "numeric");
      return number(ROUNDINGS[method](item.value));
    case "double":
      return toDouble(item);
    case "bigint":
    case "integer":
      return toInteger(item, method);
    case "boolean":
      return toBoolean(item);
    case "number":
      return number(toNumber(item, method));
    case "string":
      return toText(item);
    default:
      return toMoment(method, item);
  }
}

const MAX_PRECISION = 1000;

/** `.decimal(precision, scale)`. */
export function toDecimal(item: JsonItem, precision: number | null, scale: number): JsonItem {
  if (item.kind === "unknown") throw notKnown();
  const value = toNumber(item, "decimal");
  if (precision === null) return number(value);
  if (Math.max(precision, Math.abs(scale)) > 0x7fff_ffff) throw new PathError(PathState.nonNumericItem, "out of range");
  if (precision < 1 || precision > MAX_PRECISION || Math.abs(scale) > MAX_PRECISION)
    throw new EvaluationError(EvaluationState.invalidParameterValue, "NUMERIC precision or scale is out of range");
  const typmod = ((precision << 16) | (scale & 0x7ff)) + 4;
  return number(
    converted(
      () => applyTypmod(value, typmod),
      () => invalid(formatDecimal(value), "decimal", "numeric"),
    ),
  );
}
