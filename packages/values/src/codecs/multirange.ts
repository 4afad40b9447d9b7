import { must } from "@freshet/base";
import type { Codec } from "../codec.ts";
import type { PgType } from "../type.ts";
import { bytesCodec } from "./bytes-codec.ts";
import { compareValues } from "./range.ts";
import { readRange } from "./range-wire.ts";

const KEY_END = 0;
const KEY_RANGE = 1;

/** Reads multirange_send's format: int32 number of ranges; per range int32 length and bytes. Undefined when malformed. */
export function readMultirange(bytes: Buffer): Buffer[] | undefined {
  if (bytes.length < 4) return undefined;
  const ranges: Buffer[] = [];
  let at = 4;
  for (let left = bytes.readInt32BE(0); left > 0; left--) {
    if (at + 4 > bytes.length) return undefined;
    const start = at + 4;
    at = start + bytes.readInt32BE(at);
    if (at < start || at > bytes.length) return undefined;
    ranges.push(bytes.subarray(start, at));
  }
  return at === bytes.length ? ranges : undefined;
}

/** The send format of ranges as multiranges keep them. */
export function writeMultirange(ranges: readonly Buffer[]): Buffer {
  const word = (value: number): Buffer => {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  return Buffer.concat([word(ranges.length), ...ranges.flatMap((range) => [word(range.length), range])]);
}

/** Whether no range is empty, and each begins behind the end of the one before with something between. */
function areApart(ranges: readonly Buffer[], subtype: Codec): boolean {
  const values = ranges.map((item) => readRange(item) ?? null);
  return values.every((value, index) => {
    const before = index === 0 ? undefined : values[index - 1];
    if (value === null || before === null) return false;
    if (before === undefined) return true;
    const [end, start] = [before.upper, value.lower];
    if (end.value === null || start.value === null) return false;
    const order = compareValues(end.value, start.value, subtype);
    return order < 0 || (order === 0 && !end.inclusive && !start.inclusive);
  });
}

/** A multirange's codec over its range type's; ordered range by range, a beginning before what goes on. */
export function multirangeCodec(type: PgType, range: Codec): Codec {
  const parse = (bytes: Buffer): Buffer[] => must(readMultirange(bytes), `malformed ${type.name}`);
  return bytesCodec({
    oid: type.oid,
    name: type.name,
    hasEquality: range.hasEquality,
    imageIsIdentity: range.imageIsIdentity,
    ordered: range.ordered,
    parts: [range],
    textDependsOn: range.textDependsOn,
    isValid(bytes) {
      const ranges = readMultirange(bytes);
      if (ranges === undefined || !ranges.every((item) => range.isValid(item))) return false;
      return areApart(ranges, must(range.parts?.[0], "a range has a subtype"));
    },
    toText(bytes, settings) {
      const texts = parse(bytes).map((item) => range.toText(item, settings));
      if (texts.includes(undefined)) return undefined;
      const parts = texts.flatMap((text, index) => [Buffer.from(index === 0 ? "" : ","), text ?? Buffer.alloc(0)]);
      return Buffer.concat([Buffer.from("{"), ...parts, Buffer.from("}")]);
    },
    fromText: (text) => (text === "{}" ? Buffer.alloc(4) : undefined),
    writeKey(bytes, out) {
      for (const item of parse(bytes)) {
        out.byte(KEY_RANGE);
        range.writeKey(item, out);
      }
      out.byte(KEY_END);
    },
  });
}
