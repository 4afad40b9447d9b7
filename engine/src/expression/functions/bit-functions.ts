import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import type { FunctionTable } from "./scalar-function.ts";

const HEADER = 4;
const INT32_MAX = 0x7fff_ffff;

/** A bit string as a number with its length: the first bit is the highest. */
interface Bits {
  readonly value: bigint;
  readonly length: number;
}

function readBits(bytes: Buffer): Bits {
  const length = bytes.readInt32BE(0);
  const hex = bytes.toString("hex", HEADER);
  const padding = BigInt(8 * (bytes.length - HEADER) - length);
  return { value: (hex === "" ? 0n : BigInt(`0x${hex}`)) >> padding, length };
}

function writeBits({ value, length }: Bits): Buffer {
  const size = Math.ceil(length / 8);
  const hex = (value << BigInt(8 * size - length)).toString(16).padStart(2 * size, "0");
  const bytes = Buffer.allocUnsafe(HEADER + size);
  bytes.writeInt32BE(length, 0);
  if (size > 0) bytes.write(hex, HEADER, "hex");
  return bytes;
}

function failure(code: string, message: string): EvaluationError {
  return new EvaluationError(code, message);
}

function bitwise(combine: (a: bigint, b: bigint) => bigint): (a: Buffer, b: Buffer) => Buffer {
  return (a, b) => {
    const [left, right] = [readBits(a), readBits(b)];
    if (left.length !== right.length)
      throw failure(EvaluationState.stringDataLengthMismatch, "cannot combine bit strings of different sizes");
    return writeBits({ value: combine(left.value, right.value), length: left.length });
  };
}

function mask(length: number): bigint {
  return (1n << BigInt(length)) - 1n;
}

function shift(bytes: Buffer, left: number): Buffer {
  const { value, length } = readBits(bytes);
  const by = BigInt(Math.min(Math.abs(left), length));
  return writeBits({ value: left >= 0 ? (value << by) & mask(length) : value >> by, length });
}

function concatenated(a: Buffer, b: Buffer): Buffer {
  const [left, right] = [readBits(a), readBits(b)];
  return writeBits({
    value: (left.value << BigInt(right.length)) | right.value,
    length: left.length + right.length,
  });
}

/** The bits from `from` (counted from 1, may lie outside) up to and excluding `end`. */
function slice(bytes: Buffer, from: number, end: number): Buffer {
  const { value, length } = readBits(bytes);
  const first = Math.max(from, 1);
  const last = Math.min(end, length + 1);
  if (first > length || last <= first) return writeBits({ value: 0n, length: 0 });
  const size = last - first;
  return writeBits({ value: (value >> BigInt(length + 1 - last)) & mask(size), length: size });
}

function substring(bytes: Buffer, from: number, size: number): Buffer {
  if (size < 0) throw failure(EvaluationState.substringError, "negative substring length not allowed");
  return slice(bytes, from, from + size);
}

/** Of `bytes`, `size` bits from `from` on give way to `placed`. */
function overlay(bytes: Buffer, placed: Buffer, from: number, size: number): Buffer {
  if (from <= 0) throw failure(EvaluationState.substringError, "negative substring length not allowed");
  const behind = from + size;
  if (behind > INT32_MAX) throw failure(EvaluationState.numericValueOutOfRange, "integer out of range");
  return concatenated(concatenated(slice(bytes, 1, from), placed), slice(bytes, behind, INT32_MAX));
}

/** `bit(n)` of an explicit cast cuts or pads at the right; of an assignment it must fit. */
function toLength(bytes: Buffer, wanted: number, isExplicit: boolean): Buffer {
  const { value, length } = readBits(bytes);
  if (wanted <= 0 || wanted > INT32_MAX - 8 || wanted === length) return bytes;
  if (!isExplicit) throw failure(EvaluationState.stringDataLengthMismatch, "bit string length does not match type");
  const by = BigInt(Math.abs(wanted - length));
  return writeBits({ value: wanted > length ? value << by : value >> by, length: wanted });
}

function upToLength(bytes: Buffer, wanted: number, isExplicit: boolean): Buffer {
  const { value, length } = readBits(bytes);
  if (wanted <= 0 || wanted >= length) return bytes;
  if (!isExplicit) throw failure(EvaluationState.stringDataRightTruncation, "bit string too long for type");
  return writeBits({ value: value >> BigInt(length - wanted), length: wanted });
}

/** An integer's lowest `wanted` bits; beyond its own width it is extended by its sign. */
function fromInteger(value: number | bigint, wanted: number): Buffer {
  const length = wanted <= 0 || wanted > INT32_MAX - 8 ? 1 : wanted;
  return writeBits({ value: BigInt(value) & mask(length), length });
}

function toInteger(bytes: Buffer, width: 32 | 64): bigint {
  const { value, length } = readBits(bytes);
  if (length > width) throw failure(EvaluationState.numericValueOutOfRange, "value out of range");
  return BigInt.asIntN(width, value);
}

/** Position of `part` in `bytes`, from 1; 0 where it is not. */
function position(bytes: Buffer, part: Buffer): number {
  const [whole, wanted] = [readBits(bytes), readBits(part)];
  if (whole.length === 0 || wanted.length > whole.length) return 0;
  if (wanted.length === 0) return 1;
  for (let at = 0; at + wanted.length <= whole.length; at++) {
    const rest = whole.value >> BigInt(whole.length - wanted.length - at);
    if ((rest & mask(wanted.length)) === wanted.value) return at + 1;
  }
  return 0;
}

function checkIndex(index: number, length: number): void {
  if (index < 0 || index >= length) throw failure(EvaluationState.arraySubscriptError, "bit index out of valid range");
}

function getBit(bytes: Buffer, index: number): number {
  const { value, length } = readBits(bytes);
  checkIndex(index, length);
  return Number((value >> BigInt(length - 1 - index)) & 1n);
}

function setBit(bytes: Buffer, index: number, bit: number): Buffer {
  const { value, length } = readBits(bytes);
  checkIndex(index, length);
  if (bit !== 0 && bit !== 1) throw failure(EvaluationState.invalidParameterValue, "new bit must be 0 or 1");
  const single = 1n << BigInt(length - 1 - index);
  return writeBits({ value: bit === 1 ? value | single : value & ~single, length });
}

function countBits(bytes: Buffer): bigint {
  return BigInt(readBits(bytes).value.toString(2).replaceAll("0", "").length);
}

export const BIT_FUNCTIONS: FunctionTable = {
  bit_and: bitwise((a, b) => a & b),
  bit_or: bitwise((a, b) => a | b),
  bitxor: bitwise((a, b) => a ^ b),
  bitnot(bytes: Buffer) {
    const { value, length } = readBits(bytes);
    return writeBits({ value: value ^ mask(length), length });
  },
  bitshiftleft: shift,
  bitshiftright: (bytes: Buffer, by: number) => shift(bytes, 0 - by),
  bitcat: concatenated,
  bitlength: (bytes: Buffer) => bytes.readInt32BE(0),
  bitoctetlength: (bytes: Buffer) => bytes.length - HEADER,
  bitposition: position,
  bitsubstr: substring,
  bitsubstr_no_len: (bytes: Buffer, from: number) => slice(bytes, from, INT32_MAX),
  bitoverlay: overlay,
  bitoverlay_no_len: (bytes: Buffer, placed: Buffer, from: number) => {
    return overlay(bytes, placed, from, placed.readInt32BE(0));
  },
  bitgetbit: getBit,
  bitsetbit: setBit,
  bit_bit_count: countBits,
  bit: toLength,
  varbit: upToLength,
  bitfromint4: fromInteger,
  bitfromint8: fromInteger,
  bittoint4: (bytes: Buffer) => Number(toInteger(bytes, 32)),
  bittoint8: (bytes: Buffer) => toInteger(bytes, 64),
};
