import { createHash } from "node:crypto";
import { must } from "@freshet/base";
import { EvaluationError, EvaluationState, outOfRange } from "../evaluation-error.ts";
import { LIKE_FUNCTIONS } from "./like.ts";
import type { FunctionTable } from "./scalar-function.ts";

function negativeLength(): EvaluationError {
  return new EvaluationError(EvaluationState.substringError, "negative substring length not allowed");
}

function byteSubstring(bytes: Buffer, start: number, length: number): Buffer {
  if (length < 0) throw negativeLength();
  const end = start + length;
  return end <= 1 ? Buffer.alloc(0) : bytes.subarray(Math.max(start, 1) - 1, end - 1);
}

function overlay(bytes: Buffer, placed: Buffer, start: number, length: number): Buffer {
  if (start <= 0) throw negativeLength();
  const end = start + length;
  if (end > 0x7fff_ffff || end < -0x8000_0000) throw outOfRange("integer out of range");
  return Buffer.concat([bytes.subarray(0, start - 1), placed, bytes.subarray(Math.max(end, 1) - 1)]);
}

/** Without the bytes of `set` at the wanted ends. */
function trim(bytes: Buffer, set: Buffer, atStart: boolean, atEnd: boolean): Buffer {
  let from = 0;
  let to = bytes.length;
  if (atStart) while (from < to && set.includes(bytes[from] as number)) from++;
  if (atEnd) while (to > from && set.includes(bytes[to - 1] as number)) to--;
  return bytes.subarray(from, to);
}

function checkIndex(index: number | bigint, length: number | bigint): void {
  if (index >= 0 && index < length) return;
  throw new EvaluationError(
    EvaluationState.arraySubscriptError,
    `index ${index} out of valid range, 0..${BigInt(length) - 1n}`,
  );
}

function getByte(bytes: Buffer, index: number): number {
  checkIndex(index, bytes.length);
  return bytes[index] as number;
}

function setByte(bytes: Buffer, index: number, value: number): Buffer {
  checkIndex(index, bytes.length);
  const changed = Buffer.from(bytes);
  changed[index] = value & 0xff;
  return changed;
}

/** Bits count from the lowest of each byte. */
function getBit(bytes: Buffer, index: bigint): number {
  checkIndex(index, BigInt(bytes.length) * 8n);
  return ((bytes[Number(index >> 3n)] as number) >> Number(index & 7n)) & 1;
}

function setBit(bytes: Buffer, index: bigint, value: number): Buffer {
  checkIndex(index, BigInt(bytes.length) * 8n);
  if (value !== 0 && value !== 1) {
    throw new EvaluationError(EvaluationState.invalidParameterValue, "new bit must be 0 or 1");
  }
  const changed = Buffer.from(bytes);
  const at = Number(index >> 3n);
  const mask = 1 << Number(index & 7n);
  changed[at] = value === 1 ? (changed[at] as number) | mask : (changed[at] as number) & ~mask;
  return changed;
}

function bitCount(bytes: Buffer): bigint {
  let count = 0;
  for (const byte of bytes) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return BigInt(count);
}

function digest(algorithm: string): (bytes: Buffer) => Buffer {
  return (bytes) => createHash(algorithm).update(bytes).digest();
}

/** LIKE of bytes: each of them is a character. */
function likeBytes(bytes: Buffer, pattern: Buffer): boolean {
  return must(LIKE_FUNCTIONS["textlike"])(bytes.toString("latin1"), pattern.toString("latin1")) === true;
}

export const BYTEA_FUNCTIONS: FunctionTable = {
  bytealike: likeBytes,
  byteanlike: (bytes: Buffer, pattern: Buffer) => !likeBytes(bytes, pattern),
  bytea_reverse: (bytes: Buffer) => Buffer.from(bytes).reverse(),
  bytea_substr: byteSubstring,
  bytea_substr_no_len: (bytes: Buffer, start: number) => bytes.subarray(Math.max(start, 1) - 1),
  byteaoverlay: overlay,
  byteaoverlay_no_len: (bytes: Buffer, placed: Buffer, start: number) => overlay(bytes, placed, start, placed.length),
  byteatrim: (bytes: Buffer, set: Buffer) => trim(bytes, set, true, true),
  bytealtrim: (bytes: Buffer, set: Buffer) => trim(bytes, set, true, false),
  byteartrim: (bytes: Buffer, set: Buffer) => trim(bytes, set, false, true),
  byteapos: (bytes: Buffer, part: Buffer) => bytes.indexOf(part) + 1,
  byteaGetByte: getByte,
  byteaSetByte: setByte,
  byteaGetBit: getBit,
  byteaSetBit: setBit,
  bytea_bit_count: bitCount,
  sha224_bytea: digest("sha224"),
  sha256_bytea: digest("sha256"),
  sha384_bytea: digest("sha384"),
  sha512_bytea: digest("sha512"),
};
