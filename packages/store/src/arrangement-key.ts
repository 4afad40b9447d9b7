import { assert } from "@freshet/base";
import { MAX_KEY_BYTES, type ScanOptions } from "./store.ts";

/** Bytes of the arrangement id in front of every key. */
export const ID_BYTES = 4;

/** A half-open range of whole keys (arrangement id first). */
export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

function assertArrangement(arrangement: number): void {
  assert(
    Number.isInteger(arrangement) && arrangement > 0 && arrangement < 0xffff_ffff,
    () => `${arrangement} is not an arrangement id`,
  );
}

/** Longest key the store takes: views put a tag and a NULL marker beside a key of MAX_KEY_BYTES. */
const LONGEST_KEY = MAX_KEY_BYTES + 5;

/** Fails where `key` or `arrangement` is not the store's to take. */
export function assertKey(arrangement: number, key: Uint8Array): void {
  assertArrangement(arrangement);
  assert(key.length <= LONGEST_KEY, () => `a key of ${key.length} bytes is longer than an arrangement takes`);
}

/** The key under which the environment holds `key` of `arrangement`. */
export function environmentKey(arrangement: number, key: Uint8Array): Buffer {
  assertKey(arrangement, key);
  const whole = Buffer.allocUnsafe(ID_BYTES + key.length);
  whole.writeUInt32BE(arrangement, 0);
  whole.set(key, ID_BYTES);
  return whole;
}

/** The environment's range that `options` select of `arrangement`. */
export function environmentRange(arrangement: number, options: ScanOptions): KeyRange {
  const start = environmentKey(arrangement, options.start ?? Buffer.alloc(0));
  if (options.end !== undefined) return { start, end: environmentKey(arrangement, options.end) };
  const end = Buffer.allocUnsafe(ID_BYTES);
  end.writeUInt32BE(arrangement + 1, 0);
  return { start, end };
}

/** The environment's range of the keys of `arrangement` that begin with `prefix`. */
export function environmentPrefixRange(arrangement: number, prefix: Uint8Array): KeyRange {
  const start = environmentKey(arrangement, prefix);
  let length = start.length;
  while (start[length - 1] === 0xff) length--;
  const end = Buffer.from(start.subarray(0, length));
  end[length - 1] = (end[length - 1] as number) + 1;
  return { start, end };
}
