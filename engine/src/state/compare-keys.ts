/** So many bytes are compared here; only keys that agree in them are worth a native call. */
const LOOKED_AT = 24;

/** Byte order, as of `Buffer.compare`; several times faster for keys that differ early. */
export function compareKeys(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length, LOOKED_AT);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return length < LOOKED_AT ? a.length - b.length : Buffer.compare(a, b);
}

/** A key with its `keyOrder`. */
export interface OrderedKey {
  readonly key: Buffer;
  readonly order: number;
}

/** The first six bytes as a number, made once per key: most comparisons of a sort are then of numbers. */
export function keyOrder(key: Buffer): number {
  const { length } = key;
  const high =
    ((length > 0 ? (key[0] as number) : 0) << 16) |
    ((length > 1 ? (key[1] as number) : 0) << 8) |
    (length > 2 ? (key[2] as number) : 0);
  const low =
    ((length > 3 ? (key[3] as number) : 0) << 16) |
    ((length > 4 ? (key[4] as number) : 0) << 8) |
    (length > 5 ? (key[5] as number) : 0);
  return high * 0x1_00_00_00 + low;
}

/** Byte order of the keys. */
export function byKey(a: OrderedKey, b: OrderedKey): number {
  return a.order - b.order || compareKeys(a.key, b.key);
}
