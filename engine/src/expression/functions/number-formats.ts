import { quotedText } from "./format-parsing.ts";

/** A part of a number's format: a keyword, or text that is copied. */
type NumberPart = { readonly keyword: string } | { readonly text: string };

/** A format of to_char of numbers. Positions count the digits of the format from 0, before the decimal point and behind it. */
export interface NumberFormat {
  readonly parts: readonly NumberPart[];
  readonly before: number;
  readonly behind: number;
  readonly hasPoint: boolean;
  /** FM: no filling. */
  readonly isBare: boolean;
  /** The place from which on zeros are shown; -1: there is none. */
  readonly zeroStart: number;
  readonly zeroEnd: number;
  readonly minus: boolean;
  readonly plus: boolean;
  readonly brackets: boolean;
}

/** Those that hang on no locale, and are followed here; of keywords that begin with one another the longer comes first. */
const FOLLOWED = ["FM", "MI", "PL", "PR", "SG", "TH", ",", ".", "0", "9"];
const OTHERS = ["RN", "SP", "EEEE", "B", "C", "D", "E", "G", "L", "S", "V"];
const KEYWORDS: readonly string[] = [...FOLLOWED, ...OTHERS].flatMap((word) =>
  word === word.toLowerCase() ? [word] : [word, word.toLowerCase()],
);

function partsOf(format: string): NumberPart[] {
  const parts: NumberPart[] = [];
  for (let at = 0; at < format.length;) {
    const keyword = KEYWORDS.find((word) => format.startsWith(word, at));
    if (keyword !== undefined) {
      parts.push({ keyword });
      at += keyword.length;
    } else if (format[at] === '"') {
      const { text, end } = quotedText(format, at + 1);
      parts.push({ text });
      at = end;
    } else {
      if (format[at] === "\\" && format[at + 1] === '"') at++;
      parts.push({ text: format.charAt(at++) });
    }
  }
  return parts;
}

/** The format; null for one that hangs on the server's locale, is wrong, or is not followed here. */
export function parseNumberFormat(format: string): NumberFormat | null {
  const parts = partsOf(format);
  let [before, behind, zeroStart, zeroEnd] = [0, 0, -1, 0];
  const seen = new Set<string>();
  for (const part of parts) {
    if ("text" in part) continue;
    const keyword = part.keyword.toUpperCase();
    const isDigit = keyword === "9" || keyword === "0";
    if (OTHERS.includes(keyword) || (keyword === "." && seen.has(".")) || (isDigit && seen.has("PR"))) return null;
    if (keyword === "PR" && ["MI", "PL", "SG"].some((sign) => seen.has(sign))) return null;
    if (["MI", "PL", "SG"].includes(keyword) && seen.has("PR")) return null;
    if (keyword === "0" && zeroStart < 0 && !seen.has(".")) zeroStart = before;
    if (isDigit && seen.has(".")) behind++;
    else if (isDigit) before++;
    if (keyword === "0") zeroEnd = before + behind;
    seen.add(keyword);
  }
  // What is shown of a point without digits behind it hangs on what is not there.
  if ((seen.has(".") && behind === 0) || (seen.has("TH") && before === 0)) return null;
  return {
    parts,
    before,
    behind,
    hasPoint: seen.has("."),
    isBare: seen.has("FM"),
    zeroStart,
    zeroEnd,
    minus: seen.has("MI") || seen.has("SG"),
    plus: seen.has("PL") || seen.has("SG"),
    brackets: seen.has("PR"),
  };
}
