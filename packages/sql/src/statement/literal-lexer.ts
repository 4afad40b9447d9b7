/** One literal of a text that `lexLiterals` could split; `text` is the number as written or the string's contents. */
export interface LexedLiteral {
  readonly kind: "integer" | "decimal" | "string";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface LexedText {
  /** The text with a marker for each literal: equal for texts that differ only in literals of equal kind. */
  readonly key: string;
  readonly literals: readonly LexedLiteral[];
}

const REFUSED = 0;
const PLAIN = 1;
const WORD = 2;
const DIGIT = 3;
const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const AMPERSAND = 0x26;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const STAR = 0x2a;

/**
 * Markers are control characters, which occur nowhere else in a key. Zero has its own, because it loses its
 * sign, and so has what the grammar does not take for an int4.
 */
const ZERO_MARK = "\u0001";
const INT4_MARK = "\u0002";
const LONG_MARK = "\u0003";
const DECIMAL_MARK = "\u0004";
const STRING_MARK = "\u0005";

const MAX_INT4 = 2_147_483_647;
/** Integers beyond these digits are left to the parser. */
const MAX_DIGITS = 18;

const CLASSES: Uint8Array = characterClasses();

function characterClasses(): Uint8Array {
  const classes = new Uint8Array(128);
  for (const character of " \t\n\r\f\v!\"#%&'()*+,-./:;<=>?@[]^`|~") classes[character.charCodeAt(0)] = PLAIN;
  for (let code = 0; code < 128; code++) {
    if (/[A-Za-z_]/.test(String.fromCharCode(code))) classes[code] = WORD;
    if (/[0-9]/.test(String.fromCharCode(code))) classes[code] = DIGIT;
  }
  return classes;
}

function classAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? (CLASSES[code] as number) : REFUSED;
}

/**
 * Splits a text of the plainest kind into its literals and the rest: ASCII; names, operators, plain
 * integers, decimals and quoted strings; no comments, backslashes, `$`, prefixed strings or other spellings of
 * numbers. Null for all other texts, of which nothing is said.
 */
export function lexLiterals(text: string): LexedText | null {
  const literals: LexedLiteral[] = [];
  let key = "";
  let copied = 0;
  for (let at = 0; at < text.length;) {
    const kind = classAt(text, at);
    if (kind === WORD) {
      at = wordEnd(text, at);
      if (text.charCodeAt(at) === QUOTE) return null;
    } else if (kind === PLAIN && text.charCodeAt(at) !== QUOTE) {
      at = plainEnd(text, at);
    } else {
      const literal = kind === DIGIT ? numberAt(text, at) : kind === PLAIN ? stringAt(text, at) : null;
      if (literal === null) return null;
      literals.push(literal);
      key += text.slice(copied, at) + markOf(literal);
      copied = at = literal.end;
    }
    if (at < 0) return null;
  }
  return { key: key + text.slice(copied), literals };
}

function wordEnd(text: string, at: number): number {
  do at++;
  while (classAt(text, at) >= WORD);
  return at;
}

/** Behind one character that is no literal's, or a whole quoted name; -1 where a comment or `.5` begins. */
function plainEnd(text: string, at: number): number {
  const code = text.charCodeAt(at);
  const next = text.charCodeAt(at + 1);
  if (code === DOUBLE_QUOTE) return quotedNameEnd(text, at);
  if (code === MINUS && next === MINUS) return -1;
  if (code === SLASH && next === STAR) return -1;
  if (code === AMPERSAND && next === QUOTE) return -1;
  if (code === DOT && classAt(text, at + 1) === DIGIT) return -1;
  return at + 1;
}

/** Doubled quotes end one name and begin the next, which covers the same characters. */
function quotedNameEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text.charCodeAt(at) === DOUBLE_QUOTE) return at + 1;
    if (classAt(text, at) === REFUSED) return -1;
  }
  return -1;
}

function numberAt(text: string, start: number): LexedLiteral | null {
  let at = digitsEnd(text, start);
  const whole = at - start;
  // A leading zero is left to the parser.
  if (whole > MAX_DIGITS || (whole > 1 && text.charCodeAt(start) === 0x30)) return null;
  let kind: "integer" | "decimal" = "integer";
  if (text.charCodeAt(at) === DOT) {
    const fraction = at + 1;
    at = digitsEnd(text, fraction);
    if (at === fraction) return null;
    kind = "decimal";
  }
  if (classAt(text, at) >= WORD || text.charCodeAt(at) === DOT) return null;
  return { kind, text: text.slice(start, at), start, end: at };
}

function digitsEnd(text: string, at: number): number {
  while (classAt(text, at) === DIGIT) at++;
  return at;
}

/** A string without backslashes or anything that is not printable ASCII. */
function stringAt(text: string, start: number): LexedLiteral | null {
  let doubled = false;
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      if (text.charCodeAt(at + 1) !== QUOTE) {
        const raw = text.slice(start + 1, at);
        return { kind: "string", text: doubled ? raw.replaceAll("''", "'") : raw, start, end: at + 1 };
      }
      doubled = true;
      at++;
    } else if (code < 0x20 || code > 0x7e || code === 0x5c) return null;
  }
  return null;
}

function markOf({ kind, text }: LexedLiteral): string {
  if (kind === "string") return STRING_MARK;
  if (kind === "decimal") return DECIMAL_MARK;
  if (text === "0") return ZERO_MARK;
  return text.length < 10 || (text.length === 10 && Number(text) <= MAX_INT4) ? INT4_MARK : LONG_MARK;
}
