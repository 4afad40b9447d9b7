import { parseDecimal } from "@freshet/values";
import type { Decimal } from "@freshet/values";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import {
  decimalToDouble,
  decimalToInt2,
  decimalToInt4,
  decimalToInt8,
  decimalToSingle,
} from "../numeric/conversion.ts";
import { asText, elementsOf, isArray, isObject, jsonTypeOf, memberOf, unquote } from "./json-text.ts";
import type { FunctionTable } from "./scalar-function.ts";

/** A scalar at the root counts as an array of one, as jsonb stores it. */
function elementAt(text: string, index: number): string | null {
  if (isObject(text)) return null;
  const elements = isArray(text) ? [...elementsOf(text)] : [text];
  return elements.at(index) ?? null;
}

function arrayLength(text: string): number {
  if (isArray(text)) return [...elementsOf(text)].length;
  const what = isObject(text) ? "an object" : "a scalar";
  throw new EvaluationError(EvaluationState.invalidParameterValue, `cannot get array length of ${what}`);
}

/** `?`: a member of an object, or a string among an array's elements or the value itself. */
function exists(text: string, key: string): boolean {
  if (isObject(text)) return memberOf(text, key) !== undefined;
  const values = isArray(text) ? [...elementsOf(text)] : [text];
  return values.some((value) => value.startsWith('"') && unquote(value) === key);
}

/** The number that a jsonb value is; the majors differ in how they treat null. */
function numberOf(text: string, typeName: string): Decimal {
  if (text === "null") throw declined(`a cast of jsonb null to ${typeName}`);
  const decimal = jsonTypeOf(text) === "number" ? parseDecimal(text) : undefined;
  if (decimal !== undefined) return decimal;
  throw new EvaluationError(
    EvaluationState.invalidParameterValue,
    `cannot cast jsonb ${jsonTypeOf(text)} to type ${typeName}`,
  );
}

function booleanOf(text: string): boolean {
  if (text === "null") throw declined("a cast of jsonb null to boolean");
  if (jsonTypeOf(text) === "boolean") return text === "true";
  throw new EvaluationError(
    EvaluationState.invalidParameterValue,
    `cannot cast jsonb ${jsonTypeOf(text)} to type boolean`,
  );
}

export const JSON_FUNCTIONS: FunctionTable = {
  jsonb_object_field: (text: string, key: string) => memberOf(text, key) ?? null,
  jsonb_object_field_text: (text: string, key: string) => asText(memberOf(text, key) ?? null),
  jsonb_array_element: elementAt,
  jsonb_array_element_text: (text: string, index: number) => asText(elementAt(text, index)),
  jsonb_array_length: arrayLength,
  jsonb_typeof: jsonTypeOf,
  jsonb_exists: exists,
  jsonb_bool: booleanOf,
  jsonb_numeric: (text: string) => numberOf(text, "numeric"),
  jsonb_int2: (text: string) => decimalToInt2(numberOf(text, "smallint")),
  jsonb_int4: (text: string) => decimalToInt4(numberOf(text, "integer")),
  jsonb_int8: (text: string) => decimalToInt8(numberOf(text, "bigint")),
  jsonb_float8: (text: string) => decimalToDouble(numberOf(text, "double precision")),
  jsonb_float4: (text: string) => decimalToSingle(numberOf(text, "real")),
};
