import { must } from "@freshet/base";
import type { Codec, TextSettings } from "../codec.ts";
import { KeyWriter } from "../key-writer.ts";
import { Oid } from "../oids.ts";
import type { PgType } from "../type.ts";
import { bytesCodec } from "./bytes-codec.ts";
import { type RangeBound, type RangeValue, readRange, writeRange } from "./range-wire.ts";
import { parseParts, quotePart } from "./row-text.ts";
import { trimBlanks } from "./support.ts";

const KEY_EMPTY = 0;
const KEY_RANGE = 1;
/** Tags of a bound: an infinite lower one is below all values, an infinite upper one above. */
const KEY_BELOW = 0;
const KEY_FINITE = 1;
const KEY_ABOVE = 2;
/** What range_out puts in quotes for. */
const SPECIAL = /["\\()[\], \t\n\v\f\r]/;

/** The subtype's value that follows; undefined for subtypes that are not discrete, null where there is none. */
function successor(value: Buffer, subtype: Codec): Buffer | undefined | null {
  const decoded = subtype.decode(value);
  switch (subtype.oid) {
    case Oid.int4:
      return decoded === 0x7fff_ffff ? null : subtype.encode(Number(decoded) + 1);
    case Oid.date: {
      if (decoded === 0x7fff_ffff || decoded === -0x8000_0000) return Buffer.from(value);
      const next = subtype.encode(Number(decoded) + 1);
      return subtype.isValid(next) && Number(decoded) + 1 !== 0x7fff_ffff ? next : null;
    }
    case Oid.int8:
      return decoded === (1n << 63n) - 1n ? null : subtype.encode((decoded as bigint) + 1n);
    default:
      return undefined;
  }
}

/** Whether ranges of the subtype (the built-in ones) are kept as `[lower,upper)`. */
function isDiscrete(subtype: Codec): boolean {
  return subtype.oid === Oid.int4 || subtype.oid === Oid.int8 || subtype.oid === Oid.date;
}

/** An infinite date bound stays as it is written. */
function isInfiniteDate(value: Buffer, subtype: Codec): boolean {
  const days = subtype.oid === Oid.date ? value.readInt32BE(0) : 0;
  return days === 0x7fff_ffff || days === -0x8000_0000;
}

/** The bound as a discrete range keeps it; undefined where a value has no successor. */
function canonicalBound(bound: RangeBound, isLower: boolean, subtype: Codec): RangeBound | undefined {
  if (bound.value === null || bound.inclusive === isLower || isInfiniteDate(bound.value, subtype)) return bound;
  const next = successor(bound.value, subtype);
  return next === null || next === undefined ? undefined : { value: next, inclusive: isLower };
}

/** The subtype's order of two values. */
export function compareValues(a: Buffer, b: Buffer, subtype: Codec): number {
  const [left, right] = [new KeyWriter(32), new KeyWriter(32)];
  subtype.writeKey(a, left);
  subtype.writeKey(b, right);
  return Buffer.compare(left.peek(), right.peek());
}

/**
 * The range as make_range keeps it: empty where nothing lies between the bounds, discrete ones as `[lower,upper)`. Undefined where PostgreSQL
 * raises an error (the bounds are in the wrong order, or a value has no successor).
 */
export function normalizeRange(range: RangeValue, subtype: Codec): RangeValue | null | undefined {
  const { lower, upper } = range;
  if (lower.value !== null && upper.value !== null) {
    const order = compareValues(lower.value, upper.value, subtype);
    if (order > 0) return undefined;
    if (order === 0 && !(lower.inclusive && upper.inclusive)) return null;
  }
  if (!isDiscrete(subtype)) return range;
  const [from, to] = [canonicalBound(lower, true, subtype), canonicalBound(upper, false, subtype)];
  if (from === undefined || to === undefined) return undefined;
  if (from.value === null || to.value === null) return { lower: from, upper: to };
  const order = compareValues(from.value, to.value, subtype);
  return order > 0 || (order === 0 && !(from.inclusive && to.inclusive)) ? null : { lower: from, upper: to };
}

/** A range's codec. Ordered by the lower bound, then the upper one; the empty range comes first. */
export function rangeCodec(type: PgType, subtype: Codec): Codec {
  const parse = (bytes: Buffer): RangeValue | null => {
    const range = readRange(bytes);
    return range === null ? null : must(range, `malformed ${type.name}`);
  };
  const isValue = (value: Buffer | null): boolean => value === null || subtype.isValid(value);
  return bytesCodec({
    oid: type.oid,
    name: type.name,
    hasEquality: subtype.hasEquality && subtype.ordered,
    imageIsIdentity: subtype.imageIsIdentity,
    ordered: subtype.ordered,
    parts: [subtype],
    textDependsOn: subtype.textDependsOn,
    isValid(bytes) {
      const range = readRange(bytes);
      if (range === null || range === undefined) return range === null;
      if (!isValue(range.lower.value) || !isValue(range.upper.value)) return false;
      const normal = normalizeRange(range, subtype);
      return normal !== undefined && writeRange(normal).equals(bytes);
    },
    toText: (bytes, settings) => rangeText(parse(bytes), subtype, settings),
    fromText: (text, settings) => rangeFromText(text, subtype, settings),
    writeKey(bytes, out) {
      const range = parse(bytes);
      out.byte(range === null ? KEY_EMPTY : KEY_RANGE);
      if (range === null) return;
      writeBoundKey(range.lower, true, subtype, out);
      writeBoundKey(range.upper, false, subtype, out);
    },
  });
}

/** Of equal values, an inclusive lower bound comes before an exclusive one, an exclusive upper bound before an inclusive one. */
export function writeBoundKey(bound: RangeBound, isLower: boolean, subtype: Codec, out: KeyWriter): void {
  if (bound.value === null) {
    out.byte(isLower ? KEY_BELOW : KEY_ABOVE);
    return;
  }
  out.byte(KEY_FINITE);
  subtype.writeKey(bound.value, out);
  out.byte(bound.inclusive === isLower ? 0 : 1);
}

export function rangeText(range: RangeValue | null, subtype: Codec, settings: TextSettings): Buffer | undefined {
  if (range === null) return Buffer.from("empty");
  const { lower, upper } = range;
  const from = lower.value === null ? Buffer.alloc(0) : boundText(lower.value, subtype, settings);
  const to = upper.value === null ? Buffer.alloc(0) : boundText(upper.value, subtype, settings);
  if (from === undefined || to === undefined) return undefined;
  const brackets = [lower.inclusive ? "[" : "(", upper.inclusive ? "]" : ")"] as const;
  return Buffer.concat([Buffer.from(brackets[0]), from, Buffer.from(","), to, Buffer.from(brackets[1])]);
}

function boundText(value: Buffer, subtype: Codec, settings: TextSettings): Buffer | undefined {
  const text = subtype.toText(value, settings);
  return text === undefined ? undefined : quotePart(text, SPECIAL);
}

function rangeFromText(text: string, subtype: Codec, settings: TextSettings): Buffer | undefined {
  const trimmed = trimBlanks(text);
  if (trimmed.toLowerCase() === "empty") return writeRange(null);
  const open = trimmed[0];
  const parts = open === "[" || open === "(" ? parseParts(trimmed, 1) : undefined;
  const [from, to] = parts ?? [];
  if (parts?.length !== 2 || from === undefined || to === undefined) return undefined;
  const lower = from.text === null ? null : subtype.fromText(from.text, settings);
  const upper = to.text === null ? null : subtype.fromText(to.text, settings);
  if (lower === undefined || upper === undefined) return undefined;
  const range = normalizeRange(
    {
      lower: { value: lower, inclusive: lower !== null && open === "[" },
      upper: { value: upper, inclusive: upper !== null && to.end === "]" },
    },
    subtype,
  );
  return range === undefined ? undefined : writeRange(range);
}
