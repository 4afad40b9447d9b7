import type { Codec } from "../codec.ts";
import type { KeyWriter } from "../key-writer.ts";
import { writeInt4Key, writeInt8Key } from "./integer.ts";
import { writeTextKey } from "./text.ts";

/** Appends the key of the value in `source[start, end)`. */
export type RangeKeyWriter = (source: Buffer, start: number, end: number, out: KeyWriter) => void;

/** By the function that they spare: a codec with another one is not mistaken. */
const WRITERS: readonly (readonly [Codec["writeKey"], RangeKeyWriter])[] = [
  [writeInt4Key, (source, start, _end, out) => out.flipped(source, start, 4)],
  [writeInt8Key, (source, start, _end, out) => out.flipped(source, start, 8)],
  [writeTextKey, (source, start, end, out) => out.escapedRange(source, start, end)],
];

/** Does what the codec's `writeKey` does, without a view on the bytes; undefined where that has no such form. */
export function rangeKeyWriter(codec: Codec): RangeKeyWriter | undefined {
  return WRITERS.find(([writeKey]) => codec.writeKey === writeKey)?.[1];
}
