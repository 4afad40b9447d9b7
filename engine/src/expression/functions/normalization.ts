import { declined } from "../evaluation-error.ts";
import type { FunctionTable } from "./scalar-function.ts";

/**
 * Ranges of characters whose normalization no version of Unicode will change, as they are assigned without gaps: Latin
 * and its combining marks, punctuation, kana, the first CJK ideographs, Hangul syllables. Others may be unknown to one
 * side.
 */
const SETTLED: readonly (readonly [first: number, last: number])[] = [
  [0x0000, 0x036f],
  [0x1e00, 0x1eff],
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x3041, 0x3096],
  [0x3099, 0x30ff],
  [0x4e00, 0x9fa5],
  [0xac00, 0xd7a3],
];

function isSettled(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (!SETTLED.some(([first, last]) => unit >= first && unit <= last)) return false;
  }
  return true;
}

const FORMS = ["NFC", "NFD", "NFKC", "NFKD"] as const;

function normalize(text: string, form: string): string {
  const known = FORMS.find((name) => name === form.toUpperCase());
  if (known === undefined) throw declined(`the normalization form "${form}"`);
  if (!isSettled(text)) throw declined("normalization of this text");
  return text.normalize(known);
}

export const NORMALIZATION: FunctionTable = {
  unicode_normalize_func: normalize,
  unicode_is_normalized: (text: string, form: string) => normalize(text, form) === text,
};
