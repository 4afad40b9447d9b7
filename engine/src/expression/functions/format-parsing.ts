/** A part of a format of to_char: a keyword with what stands around it, or a character that is copied. */
export type FormatPart =
  | { readonly kind: "keyword"; readonly keyword: string; readonly fill: boolean; readonly ordinal: "TH" | "th" | null }
  | { readonly kind: "text"; readonly text: string };

/** Of keywords that begin with one another the longest comes first. */
const UPPER =
  "A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY Day Dy D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW IYYY IYY IY I J MI MM MONTH MON MS Month Mon OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y";
const LOWER =
  "a.d. a.m. ad am b.c. bc cc day ddd dd dy d ff1 ff2 ff3 ff4 ff5 ff6 fx hh24 hh12 hh iddd id iw iyyy iyy iy i j mi mm month mon ms of p.m. pm q rm sssss ssss ss tzh tzm tz us ww w y,yyy yyyy yyy yy y";
const KEYWORDS: readonly string[] = [...UPPER.split(" "), ...LOWER.split(" ")];
const PREFIXES: readonly string[] = ["FM", "fm", "TM", "tm"];
const POSTFIXES: readonly string[] = ["TH", "th", "SP"];

function startingAt(words: readonly string[], format: string, at: number): string | undefined {
  return words.find((word) => format.startsWith(word, at));
}

/** Text between double quotes, from behind the first of them: as it is but for backslashes, which quote what follows. */
export function quotedText(format: string, from: number): { readonly text: string; readonly end: number } {
  let text = "";
  let at = from;
  while (at < format.length) {
    if (format[at] === '"') return { text, end: at + 1 };
    if (format[at] === "\\" && at + 1 < format.length) at++;
    text += format[at++];
  }
  return { text, end: at };
}

/** The parts of a format of dates and times; null where one of them hangs on the server's locale or the session's time zone. */
export function parseDateFormat(format: string): readonly FormatPart[] | null {
  const parts: FormatPart[] = [];
  for (let at = 0; at < format.length;) {
    const prefix = startingAt(PREFIXES, format, at);
    if (prefix?.toLowerCase() === "tm") return null;
    at += prefix?.length ?? 0;
    const keyword = startingAt(KEYWORDS, format, at);
    if (keyword !== undefined) {
      if (/^(tz|of)/i.test(keyword)) return null;
      at += keyword.length;
      const postfix = startingAt(POSTFIXES, format, at);
      at += postfix?.length ?? 0;
      const ordinal = postfix === "TH" || postfix === "th" ? postfix : null;
      parts.push({ kind: "keyword", keyword, fill: prefix === undefined, ordinal });
    } else if (format[at] === '"') {
      const { text, end } = quotedText(format, at + 1);
      parts.push({ kind: "text", text });
      at = end;
    } else if (at < format.length) {
      // Elsewhere a backslash quotes nothing but a double quote.
      if (format[at] === "\\" && format[at + 1] === '"') at++;
      parts.push({ kind: "text", text: format.charAt(at++) });
    }
  }
  return parts;
}
