import type { AnyAllExpression } from "@freshet/sql";
import { assert } from "@freshet/base";
import type { Codec, ColumnType, Value } from "@freshet/values";
import { checkCaseCollation } from "./case-collations.ts";
import type { CompileArgument, CompiledExpression, ExpressionContext } from "./context.ts";
import { findFunction } from "./functions/registry.ts";
import type { ScalarImplementation } from "./functions/scalar-function.ts";
import { callName, requireCodec, unsupported } from "./unsupported.ts";

/** Equalities that are JavaScript's own on the decoded values of both sides. */
const IDENTITY_EQUALITIES: ReadonlySet<string> = new Set([
  "int2eq",
  "int4eq",
  "int24eq",
  "int42eq",
  "int8eq",
  "oideq",
  "texteq",
  "nameeq",
  "date_eq",
  "timestamp_eq",
  "enum_eq",
  "booleq",
]);

/** `left op ANY (array)` and `left op ALL (array)`. */
export function compileAnyAll(
  expression: AnyAllExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const left = compile(expression.left, context);
  const isAny = expression.kind === "any";
  const { array } = expression;
  if (array.kind === "constant") {
    if (array.value === null) return () => null;
    const bytes = Buffer.from(array.value, "latin1");
    const elementOid = elementOidOf(bytes);
    const operator = operatorFor(expression, elementOid, context);
    const elements = arrayElements(bytes, elementCodec(elementOid, context));
    const isSet = isAny && IDENTITY_EQUALITIES.has(expression.name) && elements.length > 4;
    return isSet ? memberTest(left, elements) : search(left, operator, () => elements, isAny);
  }
  const elementOid = context.codecs.get(array.type.typeOid)?.parts?.[0]?.oid;
  if (elementOid === undefined)
    throw unsupported(callName(expression.name, [expression.left.type, array.type], context.codecs));
  const operator = operatorFor(expression, elementOid, context);
  const codec = elementCodec(elementOid, context);
  const compiled = compile(array, context);
  const elementsOf = (value: Value): readonly (Value | null)[] => arrayElements(value as Buffer, codec);
  return searchComputed(left, operator, compiled, elementsOf, isAny);
}

function operatorFor(
  expression: AnyAllExpression,
  elementOid: number,
  context: ExpressionContext,
): ScalarImplementation {
  const argTypes = [expression.left.type, elementType(elementOid, expression.inputCollation)];
  const { name, inputCollation } = expression;
  checkCaseCollation(name, inputCollation, argTypes, context.codecs);
  const operator = findFunction(name, 0, argTypes, context.codecs, inputCollation);
  if (operator === undefined) throw unsupported(callName(expression.name, argTypes, context.codecs));
  return operator;
}

function elementType(typeOid: number, collation: number): ColumnType {
  return { typeOid, typmod: -1, collation };
}

function elementCodec(elementOid: number, context: ExpressionContext): Codec {
  return requireCodec(elementType(elementOid, 0), context.codecs);
}

/** The element type that an array's binary form carries. */
function elementOidOf(array: Buffer): number {
  return array.readUInt32BE(8);
}

/** All elements of an array in storage order, whatever its dimensions. */
export function arrayElements(array: Buffer, codec: Codec): readonly (Value | null)[] {
  const dimensions = array.readInt32BE(0);
  const elements: (Value | null)[] = [];
  let at = 12 + 8 * dimensions;
  while (at < array.length) {
    const length = array.readInt32BE(at);
    at += 4;
    if (length < 0) {
      elements.push(null);
      continue;
    }
    assert(at + length <= array.length, "an array's element runs past its end");
    elements.push(codec.decode(array.subarray(at, at + length)));
    at += length;
  }
  return elements;
}

function memberTest(left: CompiledExpression, elements: readonly (Value | null)[]): CompiledExpression {
  const members = new Set(elements);
  const hasNull = members.delete(null);
  return (row) => {
    const value = left(row);
    if (value === null) return null;
    return members.has(value) ? true : hasNull ? null : false;
  };
}

/** The deciding value ends the search; a NULL on the way makes the rest unknown. */
function find(
  value: Value | null,
  elements: readonly (Value | null)[],
  operator: ScalarImplementation,
  isAny: boolean,
): Value | null {
  if (elements.length === 0) return !isAny;
  if (value === null) return null;
  let unknown = false;
  for (const element of elements) {
    const result = element === null ? null : operator(value, element);
    if (result === null) unknown = true;
    else if (result === isAny) return isAny;
  }
  return unknown ? null : !isAny;
}

function search(
  left: CompiledExpression,
  operator: ScalarImplementation,
  elements: () => readonly (Value | null)[],
  isAny: boolean,
): CompiledExpression {
  const constant = elements();
  return (row) => find(left(row), constant, operator, isAny);
}

function searchComputed(
  left: CompiledExpression,
  operator: ScalarImplementation,
  array: CompiledExpression,
  elementsOf: (value: Value) => readonly (Value | null)[],
  isAny: boolean,
): CompiledExpression {
  return (row) => {
    const value = left(row);
    const elements = array(row);
    return elements === null ? null : find(value, elementsOf(elements), operator, isAny);
  };
}
