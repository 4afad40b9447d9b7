/** A varlena's data without header, and its length with header. */
export interface Varlena {
  readonly data: Buffer;
  readonly length: number;
}

/** Reads the varlena at the start of `bytes`; undefined when it is compressed, external or cut off. */
export function varlenaBody(bytes: Buffer): Varlena | undefined {
  const first = bytes[0];
  if (first === undefined) return undefined;
  if ((first & 1) === 1) {
    const length = first >>> 1;
    return length === 0 || length > bytes.length ? undefined : { data: bytes.subarray(1, length), length };
  }
  if ((first & 2) === 2 || bytes.length < 4) return undefined;
  const length = bytes.readUInt32LE(0) >>> 2;
  return length < 4 || length > bytes.length ? undefined : { data: bytes.subarray(4, length), length };
}

const NUMERIC_SIGN_MASK = 0xc000;
const NUMERIC_SHORT = 0x8000;
const NUMERIC_SPECIAL = 0xc000;
const NUMERIC_NEGATIVE = 0x4000;

/** NumericData: a long header (sign and dscale, weight), a short one (all in two bytes), or a special value. */
export function numericToWire(data: Buffer): Buffer | undefined {
  if (data.length < 2 || data.length % 2 !== 0) return undefined;
  const header = data.readUInt16LE(0);
  const kind = header & NUMERIC_SIGN_MASK;
  if (kind === NUMERIC_SHORT) {
    const weight = (header & 0x3f) - (header & 0x40);
    return numericWire(
      data.subarray(2),
      weight,
      (header & 0x2000) === 0 ? 0 : NUMERIC_NEGATIVE,
      (header & 0x1f80) >>> 7,
    );
  }
  // The server reads a special value's display scale off the same bits as a short one's.
  if (kind === NUMERIC_SPECIAL) return numericWire(Buffer.alloc(0), 0, header & 0xf000, (header & 0x1f80) >>> 7);
  if (data.length < 4) return undefined;
  return numericWire(data.subarray(4), data.readInt16LE(2), kind, header & 0x3fff);
}

function numericWire(digits: Buffer, weight: number, sign: number, scale: number): Buffer {
  const bytes = Buffer.allocUnsafe(8 + digits.length);
  bytes.writeUInt16BE(digits.length / 2, 0);
  bytes.writeInt16BE(weight, 2);
  bytes.writeUInt16BE(sign, 4);
  bytes.writeUInt16BE(scale, 6);
  digits.copy(bytes, 8);
  bytes.subarray(8).swap16();
  return bytes;
}
