import { must } from "@freshet/base";
import type { Codec, TextSettings } from "../codec.ts";
import type { KeyWriter } from "../key-writer.ts";
import type { PgType } from "../type.ts";
import { bytesCodec } from "./bytes-codec.ts";
import { parseParts, quotePart } from "./row-text.ts";

/** Tags before each column of a key: NULL is behind every value. */
const KEY_VALUE = 1;
const KEY_NULL = 2;
/** What record_out puts in quotes for. */
const SPECIAL = /["\\(), \t\n\v\f\r]/;

/**
 * Reads record_send's format: int32 number of columns; per column its type's OID, int32 length (-1: NULL) and bytes. Undefined when it is not of
 * these types.
 */
function readRecord(bytes: Buffer, fields: readonly Codec[]): (Buffer | null)[] | undefined {
  if (bytes.length < 4 || bytes.readInt32BE(0) !== fields.length) return undefined;
  const values: (Buffer | null)[] = [];
  let at = 4;
  for (const field of fields) {
    if (at + 8 > bytes.length || bytes.readUInt32BE(at) !== field.oid) return undefined;
    const length = bytes.readInt32BE(at + 4);
    at += 8;
    if (length < 0) {
      values.push(null);
      continue;
    }
    if (at + length > bytes.length) return undefined;
    values.push(bytes.subarray(at, at + length));
    at += length;
  }
  return at === bytes.length ? values : undefined;
}

/** The value of one column (from 0) of a well-formed record; null for NULL. */
export function recordField(bytes: Buffer, index: number): Buffer | null {
  let at = 4;
  for (let passed = 0; passed < index; passed++) at += 8 + Math.max(0, bytes.readInt32BE(at + 4));
  const length = bytes.readInt32BE(at + 4);
  return length < 0 ? null : bytes.subarray(at + 8, at + 8 + length);
}

export function writeRecord(typeOids: readonly number[], values: readonly (Buffer | null)[]): Buffer {
  const count = Buffer.allocUnsafe(4);
  count.writeInt32BE(values.length, 0);
  const parts: Buffer[] = [count];
  values.forEach((value, index) => {
    const head = Buffer.allocUnsafe(8);
    head.writeUInt32BE(must(typeOids[index]), 0);
    head.writeInt32BE(value === null ? -1 : value.length, 4);
    parts.push(head);
    if (value !== null) parts.push(value);
  });
  return Buffer.concat(parts);
}

/** A row type's codec; `fields` are its columns' codecs. Compared column by column. */
export function compositeCodec(type: PgType, fields: readonly Codec[]): Codec {
  const parse = (bytes: Buffer): (Buffer | null)[] => must(readRecord(bytes, fields), `malformed ${type.name}`);
  return bytesCodec({
    oid: type.oid,
    name: type.name,
    hasEquality: fields.every((field) => field.hasEquality),
    imageIsIdentity: fields.every((field) => field.imageIsIdentity),
    ordered: fields.every((field) => field.ordered),
    parts: fields,
    isRow: true,
    textDependsOn: [...new Set(fields.flatMap((field) => field.textDependsOn))],
    isValid(bytes) {
      const values = readRecord(bytes, fields);
      return values?.every((value, index) => value === null || must(fields[index]).isValid(value)) ?? false;
    },
    toText: (bytes, settings) => recordText(parse(bytes), fields, settings),
    fromText(text, settings) {
      const parts = text.startsWith("(") ? parseParts(text, 1) : undefined;
      if (parts?.length !== fields.length || parts.at(-1)?.end !== ")") return undefined;
      const values = parts.map((part, index) =>
        part.text === null ? null : must(fields[index]).fromText(part.text, settings),
      );
      if (!allDefined(values)) return undefined;
      return writeRecord(
        fields.map((field) => field.oid),
        values,
      );
    },
    writeKey: (bytes, out) => writeRecordKey(parse(bytes), fields, out),
  });
}

function allDefined<T>(items: readonly (T | undefined)[]): items is readonly T[] {
  return !items.includes(undefined);
}

function recordText(
  values: readonly (Buffer | null)[],
  fields: readonly Codec[],
  settings: TextSettings,
): Buffer | undefined {
  const parts: Buffer[] = [Buffer.from("(")];
  for (const [index, value] of values.entries()) {
    if (index > 0) parts.push(Buffer.from(","));
    if (value === null) continue;
    const text = must(fields[index]).toText(value, settings);
    if (text === undefined) return undefined;
    parts.push(quotePart(text, SPECIAL));
  }
  parts.push(Buffer.from(")"));
  return Buffer.concat(parts);
}

function writeRecordKey(values: readonly (Buffer | null)[], fields: readonly Codec[], out: KeyWriter): void {
  values.forEach((value, index) => {
    out.byte(value === null ? KEY_NULL : KEY_VALUE);
    if (value !== null) must(fields[index]).writeKey(value, out);
  });
}
