import type { Codec, TextSettings } from "@freshet/values";
import type { Literal } from "./shape.ts";

const BOOL = 16;
const CHAR = 18;
const NAME = 19;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const OID = 26;
const FLOAT4 = 700;
const FLOAT8 = 701;
const NUMERIC = 1700;

/** The longest value that `name` holds whole. */
const MAX_NAME_BYTES = 63;
/** Below this, PostgreSQL and JavaScript may disagree on underflow. */
const MIN_NORMAL = 2.2250738585072014e-308;

const INTEGER_RANGES: ReadonlyMap<number, readonly [bigint, bigint]> = new Map([
  [INT2, [-(1n << 15n), (1n << 15n) - 1n]],
  [INT4, [-(1n << 31n), (1n << 31n) - 1n]],
  [INT8, [-(1n << 63n), (1n << 63n) - 1n]],
  [OID, [0n, (1n << 32n) - 1n]],
]);

/**
 * The value of the column's type that a literal is equal to, and compares like, when a statement compares
 * it with a column of type `typeOid` (`codec` is that type's); undefined where that is not sure, also
 * where PostgreSQL would refuse the comparison.
 *
 * | literal | int2, int4, int8, oid  | numeric | float8             | float4           | bool | others   |
 * | ------- | ---------------------- | ------- | ------------------ | ---------------- | ---- | -------- |
 * | integer | in the type's range    | yes     | to 2^53            | if float4 has it | no   | no       |
 * | decimal | no (compares numerics) | yes     | yes, rounded there | if float4 has it | no   | no       |
 * | string  | by the type's input function, as its codec knows it; name up to 63 bytes, "char" one byte ||||||
 * | boolean | no                     | no      | no                 | no               | yes  | no       |
 * | null    | never: a comparison with NULL is not true                                               ||||||
 *
 * Numbers: int4 and int8 literals compare with the other integers across types, by value; with numeric
 * and float8 after an implicit cast. A float4 column is widened and compared as float8, so a literal
 * between two float4 values equals none and has no place here.
 */
export function literalToBinary(
  literal: Literal,
  typeOid: number,
  codec: Codec,
  settings: TextSettings,
): Buffer | undefined {
  switch (literal.kind) {
    case "integer":
      return integerToBinary(BigInt(literal.text), typeOid, codec, settings);
    case "decimal":
      return decimalToBinary(literal.text, typeOid, codec, settings);
    case "string":
      return isWholeText(literal.text, typeOid) ? codec.fromText(literal.text, settings) : undefined;
    case "boolean":
      return typeOid === BOOL ? codec.encode(literal.text === "true") : undefined;
    case "null":
      return undefined;
  }
}

function integerToBinary(value: bigint, typeOid: number, codec: Codec, settings: TextSettings): Buffer | undefined {
  const range = INTEGER_RANGES.get(typeOid);
  if (range !== undefined) {
    if (value < range[0] || value > range[1]) return undefined;
    return codec.encode(typeOid === INT8 ? value : Number(value));
  }
  if (typeOid === NUMERIC) return codec.fromText(String(value), settings);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) return undefined;
  return floatToBinary(number, typeOid, codec);
}

function decimalToBinary(text: string, typeOid: number, codec: Codec, settings: TextSettings): Buffer | undefined {
  if (typeOid === NUMERIC) return codec.fromText(text, settings);
  const number = Number(text);
  const isZero = !/[1-9]/.test(text.replace(/[eE].*$/s, ""));
  if (!Number.isFinite(number) || (Math.abs(number) < MIN_NORMAL && !isZero)) return undefined;
  // The literal is a numeric, which has no negative zero.
  return floatToBinary(number === 0 ? 0 : number, typeOid, codec);
}

function floatToBinary(value: number, typeOid: number, codec: Codec): Buffer | undefined {
  if (typeOid === FLOAT8) return codec.encode(value);
  return typeOid === FLOAT4 && Math.fround(value) === value ? codec.encode(value) : undefined;
}

/** False where the type's input function would cut the text. */
function isWholeText(text: string, typeOid: number): boolean {
  if (typeOid === NAME) return Buffer.byteLength(text) <= MAX_NAME_BYTES;
  return typeOid !== CHAR || (Buffer.byteLength(text) === 1 && text !== "\\");
}
