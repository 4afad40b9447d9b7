import { must } from "@freshet/base";
import type { Codec, TextSettings } from "../codec.ts";
import type { PgType } from "../type.ts";
import { formatArray, parseArrayText } from "./array-text.ts";
import { arrayOf, readArray, type ArrayValue } from "./array-wire.ts";
import type { KeyWriter } from "../key-writer.ts";
import { bufferOf } from "./support.ts";

/** Tags before each element of a key: the end sorts before an element, NULL behind every other. */
const KEY_END = 0;
const KEY_ELEMENT = 1;
const KEY_NULL = 2;
const SIGN_BIT = 0x8000_0000;

/**
 * An array's codec. PostgreSQL compares elements first, then their number, the number of dimensions,
 * lengths and lower bounds; equality follows from the same comparison.
 */
export function arrayCodec(type: PgType, element: Codec): Codec {
  const parse = (bytes: Buffer): ArrayValue => must(readArray(bytes, element.oid), `malformed ${type.name}`);
  return {
    oid: type.oid,
    name: type.name,
    element,
    hasEquality: element.hasEquality,
    // The has-nulls flag may outlive the last NULL, so that equal arrays differ in bytes.
    imageIsIdentity: false,
    ordered: element.ordered,
    parts: [element],
    textDependsOn: element.textDependsOn,
    isValid(bytes) {
      const value = readArray(bytes, element.oid);
      return value !== undefined && value.elements.every((item) => item === null || element.isValid(item));
    },
    toText: (bytes, settings) => arrayText(parse(bytes), element, settings),
    fromText(text, settings) {
      const texts = parseArrayText(text);
      const items = texts?.map((item) => (item === null ? null : element.fromText(item, settings)));
      return items === undefined || !allDefined(items) ? undefined : arrayOf(element.oid, items);
    },
    writeKey: (bytes, out) => writeArrayKey(parse(bytes), element, out),
    decode: (bytes) => Buffer.from(bytes),
    encode: (value) => Buffer.from(bufferOf(value, type.name)),
  };
}

function allDefined<T>(items: readonly (T | undefined)[]): items is readonly T[] {
  return !items.includes(undefined);
}

function arrayText({ dimensions, elements }: ArrayValue, element: Codec, settings: TextSettings): Buffer | undefined {
  const texts = elements.map((item) => (item === null ? null : element.toText(item, settings)));
  return allDefined(texts) ? formatArray(dimensions, texts) : undefined;
}

function writeArrayKey({ dimensions, elements }: ArrayValue, element: Codec, out: KeyWriter): void {
  for (const item of elements) {
    out.byte(item === null ? KEY_NULL : KEY_ELEMENT);
    if (item !== null) element.writeKey(item, out);
  }
  out.byte(KEY_END);
  out.byte(dimensions.length);
  for (const { length } of dimensions) out.uint32(length);
  for (const { lowerBound } of dimensions) out.uint32(lowerBound ^ SIGN_BIT);
}
