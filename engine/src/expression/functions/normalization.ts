import { declined } from "../evaluation-error.ts";
import type { FunctionTable } from "./scalar-function.ts";

/**
 * Characters whose normalization no version of Unicode will change: all of these blocks are assigned (Latin, its
 * combining marks, Hangul syllables, kana, the first CJK ideographs). Others may be unknown to either side.
 */
const SETTLED = /^[\u0000-\u036f\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u3041-\u3096\u3099-\u30ff\u4e00-\u9fa5\uac00-\ud7a3]*$/;
const FORMS = ["NFC", "NFD", "NFKC", "NFKD"] as const;

function normalize(text: string, form: string): string {
  const known = FORMS.find((name) => name === form.toUpperCase());
  if (known === undefined) throw declined(`the normalization form "${form}"`);
  if (!SETTLED.test(text)) throw declined("normalization of this text");
  return text.normalize(known);
}

export const NORMALIZATION: FunctionTable = {
  unicode_normalize_func: normalize,
  unicode_is_normalized: (text: string, form: string) => normalize(text, form) === text,
};
