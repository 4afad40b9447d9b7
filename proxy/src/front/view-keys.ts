import { must } from "@freshet/base";
import { MAX_KEY_BYTES, type ScanOptions } from "@freshet/store";
import type { Codec, KeyWriter } from "@freshet/values";

const ZERO: Buffer = Buffer.alloc(1);

/** Distinct values by SQL equality, without NULLs. */
export function distinctKeys(values: readonly (Buffer | null)[], codec: Codec, out: KeyWriter): Buffer[] {
  const present = values.filter((value) => value !== null);
  if (present.length <= 1) return present;
  const byKey = new Map<string, Buffer>();
  for (const value of present) {
    out.truncate(0);
    codec.writeKey(value, out);
    byKey.set(out.peek().toString("latin1"), value);
  }
  return [...byKey.values()];
}

/** What of the range lies behind `key` in the order of its scan; null: nothing. */
export function behind(range: ScanOptions, key: Buffer): ScanOptions | null {
  if (range.reverse === true) return { ...range, end: key };
  // The least key that is greater; the store has none of the greatest length with another byte.
  const start = key.length < MAX_KEY_BYTES ? Buffer.concat([key, ZERO]) : successor(key);
  if (start === undefined || (range.end !== undefined && Buffer.compare(start, range.end) >= 0)) return null;
  return { ...range, start };
}

/** `prefix` + `key`, or the first key behind everything that begins with it. */
export function edge(prefix: Buffer, key: Buffer, behind: boolean): Buffer {
  const whole = Buffer.concat([prefix, key]);
  return behind ? must(successor(whole), "a view key does not consist of 0xFF bytes") : whole;
}

/** The least key greater than all keys with this prefix; undefined when there is none. */
export function successor(prefix: Buffer): Buffer | undefined {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = must(prefix[at]);
    if (byte === 0xff) continue;
    const next = Buffer.from(prefix.subarray(0, at + 1));
    next[at] = byte + 1;
    return next;
  }
  return undefined;
}
