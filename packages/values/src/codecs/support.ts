import { AssertionError } from "@freshet/base";
import type { TextSettings, Value } from "../codec.ts";

export const NO_SETTINGS: readonly (keyof TextSettings)[] = [];

/** Bytes of ASCII text. */
export function ascii(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

const BLANKS = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;

/** Without what C's isspace() calls space at both ends; most input functions skip that. */
export function trimBlanks(text: string): string {
  return text.replace(BLANKS, "");
}

export function numberOf(value: Value, type: string): number {
  if (typeof value === "number") return value;
  throw wrongValue(value, type);
}

export function bigintOf(value: Value, type: string): bigint {
  if (typeof value === "bigint") return value;
  throw wrongValue(value, type);
}

export function stringOf(value: Value, type: string): string {
  if (typeof value === "string") return value;
  throw wrongValue(value, type);
}

export function bufferOf(value: Value, type: string): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw wrongValue(value, type);
}

/** A caller passed a value of another type's form: a defect, never the consequence of input. */
export function wrongValue(value: Value, type: string): AssertionError {
  return new AssertionError(`a ${typeof value} is not a value of type ${type}`);
}
