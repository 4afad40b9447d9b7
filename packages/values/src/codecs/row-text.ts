const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Text in which quotes and backslashes are doubled, between quotes. */
function quoted(text: Buffer): Buffer {
  const bytes: number[] = [QUOTE];
  for (const byte of text) {
    if (byte === QUOTE || byte === BACKSLASH) bytes.push(byte);
    bytes.push(byte);
  }
  bytes.push(QUOTE);
  return Buffer.from(bytes);
}

/** A part of a row's or a range's text: quoted where it is empty or has one of the characters that `special` finds. */
export function quotePart(text: Buffer, special: RegExp): Buffer {
  return text.length === 0 || special.test(text.toString("latin1")) ? quoted(text) : text;
}

/** One part up to its delimiter: quoted text, plain text, or nothing. Both PostgreSQL's escapes: `\x` and doubled quotes. */
const PART = /(?:"((?:[^"\\]|\\.|"")*)"|([^"\\(),[\] \t\n\v\f\r]*))([,)\]])/suy;

export interface TextPart {
  /** Null for a part that is not there. */
  readonly text: string | null;
  readonly end: string;
}

/** The parts of `a,"b c",,d)` from `start` on; undefined for a spelling that is not surely understood. */
export function parseParts(text: string, start: number): readonly TextPart[] | undefined {
  const parts: TextPart[] = [];
  PART.lastIndex = start;
  for (;;) {
    const match = PART.exec(text);
    if (match === null) return undefined;
    const [, inQuotes, plain = "", end = ""] = match;
    const unescaped = inQuotes?.replace(/\\(.)|""/gsu, (all, character?: string) => character ?? all.slice(1));
    parts.push({ text: unescaped ?? (plain === "" ? null : plain), end });
    if (end !== ",") return PART.lastIndex === text.length ? parts : undefined;
  }
}
