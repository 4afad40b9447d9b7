/** An array's parts. `elements` are views on the array's bytes; null for NULL. */
export interface ArrayValue {
  /** Length and lower bound of each dimension; empty for the empty array. */
  readonly dimensions: readonly { readonly length: number; readonly lowerBound: number }[];
  /** All elements in row-major order. */
  readonly elements: readonly (Buffer | null)[];
}

/** MAXDIM. */
const MAX_DIMENSIONS = 6;
const HEADER = 12;
const NULL_LENGTH = -1;

/**
 * Reads array_send's format: int32 ndim, int32 has-nulls flag, oid element type; per dimension int32 length
 * and lower bound; per element int32 length (-1: NULL) and bytes. Undefined when malformed.
 */
export function readArray(bytes: Buffer, elementOid: number): ArrayValue | undefined {
  if (bytes.length < HEADER || bytes.readUInt32BE(8) !== elementOid) return undefined;
  const count = bytes.readInt32BE(0);
  const flags = bytes.readInt32BE(4);
  if (count < 0 || count > MAX_DIMENSIONS || (flags !== 0 && flags !== 1)) return undefined;
  if (bytes.length < HEADER + 8 * count) return undefined;
  const dimensions = [];
  let total = count === 0 ? 0 : 1;
  for (let index = 0; index < count; index++) {
    const length = bytes.readInt32BE(HEADER + 8 * index);
    const lowerBound = bytes.readInt32BE(HEADER + 8 * index + 4);
    if (length <= 0 || lowerBound + length > 0x7fff_ffff) return undefined;
    dimensions.push({ length, lowerBound });
    total *= length;
  }
  const elements = readElements(bytes, HEADER + 8 * count, total);
  if (elements === undefined || (flags === 0 && elements.includes(null))) return undefined;
  return { dimensions, elements };
}

function readElements(bytes: Buffer, start: number, total: number): (Buffer | null)[] | undefined {
  if (start + 4 * total > bytes.length) return undefined;
  const elements: (Buffer | null)[] = [];
  let at = start;
  for (let index = 0; index < total; index++) {
    if (at + 4 > bytes.length) return undefined;
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length === NULL_LENGTH) {
      elements.push(null);
      continue;
    }
    if (length < 0 || at + length > bytes.length) return undefined;
    elements.push(bytes.subarray(at, at + length));
    at += length;
  }
  return at === bytes.length ? elements : undefined;
}

/** The send format of an array. */
export function writeArray(elementOid: number, { dimensions, elements }: ArrayValue): Buffer {
  const head = Buffer.allocUnsafe(HEADER + 8 * dimensions.length);
  head.writeInt32BE(dimensions.length, 0);
  head.writeInt32BE(elements.includes(null) ? 1 : 0, 4);
  head.writeUInt32BE(elementOid, 8);
  dimensions.forEach(({ length, lowerBound }, index) => {
    head.writeInt32BE(length, HEADER + 8 * index);
    head.writeInt32BE(lowerBound, HEADER + 8 * index + 4);
  });
  const parts: Buffer[] = [head];
  for (const element of elements) {
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(element === null ? NULL_LENGTH : element.length, 0);
    parts.push(length);
    if (element !== null) parts.push(element);
  }
  return Buffer.concat(parts);
}

/** A one-dimensional array (lower bound 1) of values in send format. */
export function arrayOf(elementOid: number, elements: readonly (Buffer | null)[]): Buffer {
  const dimensions = elements.length === 0 ? [] : [{ length: elements.length, lowerBound: 1 }];
  return writeArray(elementOid, { dimensions, elements });
}
