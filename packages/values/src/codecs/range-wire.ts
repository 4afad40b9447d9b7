/** A bound that is not there (null value) is infinite. */
export interface RangeBound {
  readonly value: Buffer | null;
  readonly inclusive: boolean;
}

/** A range's parts; null for the empty range. */
export interface RangeValue {
  readonly lower: RangeBound;
  readonly upper: RangeBound;
}

const EMPTY = 0x01;
const LOWER_INCLUSIVE = 0x02;
const UPPER_INCLUSIVE = 0x04;
const LOWER_INFINITE = 0x08;
const UPPER_INFINITE = 0x10;

/**
 * Reads range_send's format: uint8 flags, then int32 length and bytes of each finite bound. Null for the empty range, undefined when malformed.
 */
export function readRange(bytes: Buffer): RangeValue | null | undefined {
  const flags = bytes[0];
  if (flags === undefined || flags > 0x1f) return undefined;
  if ((flags & EMPTY) !== 0) return bytes.length === 1 ? null : undefined;
  let at = 1;
  const bound = (infinite: number, inclusive: number): RangeBound | undefined => {
    if ((flags & infinite) !== 0) return { value: null, inclusive: false };
    if (at + 4 > bytes.length) return undefined;
    const length = bytes.readInt32BE(at);
    const start = at + 4;
    if (length < 0 || start + length > bytes.length) return undefined;
    at = start + length;
    return { value: bytes.subarray(start, at), inclusive: (flags & inclusive) !== 0 };
  };
  const lower = bound(LOWER_INFINITE, LOWER_INCLUSIVE);
  const upper = bound(UPPER_INFINITE, UPPER_INCLUSIVE);
  return lower === undefined || upper === undefined || at !== bytes.length ? undefined : { lower, upper };
}

/** The send format; null is the empty range. */
export function writeRange(range: RangeValue | null): Buffer {
  if (range === null) return Buffer.of(EMPTY);
  const { lower, upper } = range;
  let flags = 0;
  if (lower.value === null) flags |= LOWER_INFINITE;
  else if (lower.inclusive) flags |= LOWER_INCLUSIVE;
  if (upper.value === null) flags |= UPPER_INFINITE;
  else if (upper.inclusive) flags |= UPPER_INCLUSIVE;
  const parts: Buffer[] = [Buffer.of(flags)];
  for (const { value } of [lower, upper]) {
    if (value === null) continue;
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(value.length, 0);
    parts.push(length, value);
  }
  return Buffer.concat(parts);
}
