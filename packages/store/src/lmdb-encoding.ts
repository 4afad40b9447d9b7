import { assertKey, ID_BYTES } from "./arrangement-key.ts";
import type { ScanOptions } from "./store.ts";

/** Arrangement and key. Passed to lmdb as it is, so that no buffer of the two together is made. */
export type EnvironmentKey = [arrangement: number, key: Buffer];

const NO_BYTES: Buffer = Buffer.alloc(0);

/** A half-open range of keys. */
export interface EnvironmentRange {
  readonly start: EnvironmentKey;
  readonly end: EnvironmentKey;
}

/** The range that `options` select of `arrangement`; null when it is empty. */
export function rangeOf(arrangement: number, { start = NO_BYTES, end }: ScanOptions): EnvironmentRange | null {
  assertKey(arrangement, start);
  if (end === undefined) return { start: [arrangement, start], end: [arrangement + 1, NO_BYTES] };
  assertKey(arrangement, end);
  return Buffer.compare(start, end) >= 0 ? null : { start: [arrangement, start], end: [arrangement, end] };
}

/** The range of the keys of `arrangement` that begin with `prefix`. */
export function prefixRangeOf(arrangement: number, prefix: Buffer): EnvironmentRange {
  assertKey(arrangement, prefix);
  let { length } = prefix;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return { start: [arrangement, prefix], end: [arrangement + 1, NO_BYTES] };
  const end = pooledCopy(prefix, 0, length);
  end[length - 1] = (end[length - 1] as number) + 1;
  return { start: [arrangement, prefix], end: [arrangement, end] };
}

/** Up to this length a byte loop beats native calls, which need a view on the bytes. */
const SHORT_BYTES = 64;

/** Copies `length` bytes of `source` to memory of Node's pool: many times cheaper than memory of its own. */
function pooledCopy(source: Uint8Array, start: number, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  if (length > SHORT_BYTES) copy.set(source.subarray(start, start + length));
  else for (let at = 0; at < length; at++) copy[at] = source[start + at] as number;
  return copy;
}

/** lmdb's `keyEncoder`. lmdb takes a RangeError as a sign that its buffer is full. */
export const keyEncoder = {
  writeKey([arrangement, key]: EnvironmentKey, target: Uint8Array, start: number): number {
    const { length } = key;
    const end = start + ID_BYTES + length;
    if (end > target.length) throw new RangeError("the key does not fit");
    target[start] = arrangement >>> 24;
    target[start + 1] = arrangement >>> 16;
    target[start + 2] = arrangement >>> 8;
    target[start + 3] = arrangement;
    const from = start + ID_BYTES;
    if (length > SHORT_BYTES) target.set(key, from);
    else for (let at = 0; at < length; at++) target[from + at] = key[at] as number;
    return end;
  },

  readKey(source: Uint8Array, start: number, end: number): EnvironmentKey {
    const high = ((source[start] as number) << 24) >>> 0;
    const low =
      ((source[start + 1] as number) << 16) | ((source[start + 2] as number) << 8) | (source[start + 3] as number);
    return [high + low, pooledCopy(source, start + ID_BYTES, end - start - ID_BYTES)];
  },
};

/**
 * lmdb's `encoder`: values as they are. What lmdb hands to `decode` is its own buffer, used again by
 * the next read; the size is given where the buffer's length is not the value's.
 */
export const valueEncoder = {
  encode: (value: Buffer): Buffer => value,
  decode: (bytes: Uint8Array, size: unknown): Buffer =>
    pooledCopy(bytes, 0, typeof size === "number" ? size : bytes.length),
};
