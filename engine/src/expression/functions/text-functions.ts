import { createHash } from "node:crypto";
import { declined, EvaluationError, EvaluationState, outOfRange } from "../evaluation-error.ts";
import { trimPadding } from "./comparison.ts";
import type { FunctionTable } from "./scalar-function.ts";
import { characterCount, characterPosition, charactersOf, characterSlice, isAscii } from "./text-units.ts";

/** A result longer than this is left to PostgreSQL. */
const MAX_RESULT_CHARACTERS = 1 << 24;

function substring(text: string, start: number, length: number): string {
  if (length < 0) {
    throw new EvaluationError(EvaluationState.substringError, "negative substring length not allowed");
  }
  const end = start + length;
  return end <= 1 ? "" : characterSlice(text, Math.max(start, 1) - 1, end - 1);
}

/** The first `count` characters; all but the last |count| when negative. */
function left(text: string, count: number): string {
  if (count >= 0) return characterSlice(text, 0, count);
  return characterSlice(text, 0, Math.max(characterCount(text) + count, 0));
}

/** The last `count` characters; all but the first |count| when negative. */
function right(text: string, count: number): string {
  if (count < 0) return characterSlice(text, -count, Infinity);
  return characterSlice(text, Math.max(characterCount(text) - count, 0), Infinity);
}

function repeat(text: string, count: number): string {
  if (count <= 0 || text === "") return "";
  if (text.length * count > MAX_RESULT_CHARACTERS) throw declined("a very long result of repeat()");
  return text.repeat(count);
}

function reverse(text: string): string {
  return charactersOf(text).reverse().join("");
}

/** lpad and rpad: cut or filled to `length` characters. */
export function padText(text: string, length: number, fill: string, atLeft: boolean): string {
  const wanted = Math.max(length, 0);
  const present = characterCount(text);
  if (present >= wanted) return characterSlice(text, 0, wanted);
  if (fill === "") return text;
  if (wanted > MAX_RESULT_CHARACTERS) throw declined("a very long result of padding");
  const missing = wanted - present;
  const padding = characterSlice(fill.repeat(Math.ceil(missing / characterCount(fill))), 0, missing);
  return atLeft ? padding + text : text + padding;
}

/** Field `position` of `text` between `separator`s; negative ones count from the end. */
function splitPart(text: string, separator: string, position: number): string {
  if (position === 0) {
    throw new EvaluationError(EvaluationState.invalidParameterValue, "field position must not be zero");
  }
  if (text === "") return "";
  if (separator === "") return position === 1 || position === -1 ? text : "";
  const fields = text.split(separator);
  if (position < 0 && selfOverlaps(separator)) throw declined("split_part() from the end with a repetitive separator");
  return fields[position > 0 ? position - 1 : fields.length + position] ?? "";
}

/** Whether two occurrences could overlap, so that it matters from which end one looks. */
function selfOverlaps(text: string): boolean {
  for (let length = 1; length < text.length; length++) if (text.endsWith(text.slice(0, length))) return true;
  return false;
}

function trim(text: string, characters: string, atStart: boolean, atEnd: boolean): string {
  const units = charactersOf(text);
  const set = new Set(characters);
  let from = 0;
  let to = units.length;
  if (atStart) while (from < to && set.has(units[from] as string)) from++;
  if (atEnd) while (to > from && set.has(units[to - 1] as string)) to--;
  return units.slice(from, to).join("");
}

function characterOf(code: number): string {
  // The majors differ in this error's SQLSTATE.
  if (code < 0) throw declined("chr() of a negative number");
  if (code === 0) throw new EvaluationError(EvaluationState.programLimitExceeded, "null character not permitted");
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw new EvaluationError(EvaluationState.programLimitExceeded, "requested character not valid for encoding");
  }
  return String.fromCodePoint(code);
}

/** Case mapping of anything but ASCII is the collation provider's business. */
function asciiOnly(text: string, name: string): string {
  if (!isAscii(text)) throw declined(`${name}() of text that is not ASCII`);
  return text;
}

function initialCapitals(text: string): string {
  return asciiOnly(text, "initcap")
    .toLowerCase()
    .replace(/[a-z0-9]+/g, (word) => word.charAt(0).toUpperCase() + word.slice(1));
}

function translate(text: string, from: string, to: string): string {
  const targets = charactersOf(to);
  const mapping = new Map<string, string>();
  charactersOf(from).forEach((character, index) => {
    if (!mapping.has(character)) mapping.set(character, targets[index] ?? "");
  });
  return charactersOf(text)
    .map((character) => mapping.get(character) ?? character)
    .join("");
}

function md5(value: string | Buffer): string {
  return createHash("md5").update(value).digest("hex");
}

const concatenate = (a: string, b: string): string => a + b;

/** `overlay(text PLACING placed FROM start FOR length)`. */
function overlay(text: string, placed: string, start: number, length: number): string {
  if (start <= 0) {
    throw new EvaluationError(EvaluationState.substringError, "negative substring length not allowed");
  }
  const end = start + length;
  if (end > 0x7fff_ffff || end < -0x8000_0000) throw outOfRange("integer out of range");
  const head = characterSlice(text, 0, start - 1);
  return head + placed + characterSlice(text, Math.max(end, 1) - 1, Infinity);
}

export const TEXT_FUNCTIONS: FunctionTable = {
  textlen: characterCount,
  bpcharlen: (text: string) => characterCount(trimPadding(text)),
  textoctetlen: (text: string) => Buffer.byteLength(text),
  bpcharoctetlen: (text: string) => Buffer.byteLength(text),
  textcat: concatenate,
  lower: (text: string) => asciiOnly(text, "lower").toLowerCase(),
  upper: (text: string) => asciiOnly(text, "upper").toUpperCase(),
  initcap: initialCapitals,
  text_substr: substring,
  text_substr_no_len: (text: string, start: number) => characterSlice(text, Math.max(start, 1) - 1, Infinity),
  textoverlay: overlay,
  textoverlay_no_len: (text: string, placed: string, start: number) => {
    return overlay(text, placed, start, characterCount(placed));
  },
  text_left: left,
  text_right: right,
  btrim: (text: string, characters: string) => trim(text, characters, true, true),
  ltrim: (text: string, characters: string) => trim(text, characters, true, false),
  rtrim: (text: string, characters: string) => trim(text, characters, false, true),
  btrim1: (text: string) => trim(text, " ", true, true),
  ltrim1: (text: string) => trim(text, " ", true, false),
  rtrim1: trimPadding,
  replace_text: (text: string, from: string, to: string) => (from === "" ? text : text.replaceAll(from, () => to)),
  textpos: characterPosition,
  repeat,
  text_reverse: reverse,
  lpad: (text: string, length: number, fill: string) => padText(text, length, fill, true),
  rpad: (text: string, length: number, fill: string) => padText(text, length, fill, false),
  split_part: splitPart,
  text_starts_with: (text: string, prefix: string) => text.startsWith(prefix),
  translate,
  ascii: (text: string) => text.codePointAt(0) ?? 0,
  chr: characterOf,
  md5_text: md5,
  md5_bytea: md5,
  to_hex32: (value: number) => (value >>> 0).toString(16),
  to_hex64: (value: bigint) => BigInt.asUintN(64, value).toString(16),
  to_oct32: (value: number) => (value >>> 0).toString(8),
  to_oct64: (value: bigint) => BigInt.asUintN(64, value).toString(8),
  to_bin32: (value: number) => (value >>> 0).toString(2),
  to_bin64: (value: bigint) => BigInt.asUintN(64, value).toString(2),
  name_text: (name: string) => name,
  name_bpchar: (name: string) => name,
  byteaoctetlen: (bytes: Buffer) => bytes.length,
  byteacat: (a: Buffer, b: Buffer) => Buffer.concat([a, b]),
};
