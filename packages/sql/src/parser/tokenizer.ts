/**
 * PostgreSQL's lexical rules (scan.l), for finding where tokens begin and end. `string` covers every
 * quoted constant with its prefix and continuation lines; `quoted` is a delimited identifier;
 * `symbol` is one operator or punctuation mark; `broken` is an unterminated token that reaches the end.
 */
export interface Token {
  readonly kind: "word" | "quoted" | "string" | "number" | "parameter" | "symbol" | "broken";
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const DOLLAR = 0x24;
const AMPERSAND = 0x26;
const DOT = 0x2e;
const UNDERSCORE = 0x5f;

const SPACE = /[ \t\n\r\f\v]*/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const PARAMETER = /\$[0-9]+/y;
const NUMBER =
  /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:[0-9](?:_?[0-9])*(?:\.(?!\.)(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)?)/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const OPERATOR = /[+\-*/<>=~!@#%^&|`?]+/y;
const STRING_PREFIX = /(?:[eEbBxXnN]|[uU]&)'/y;
const QUOTED_PREFIX = /[uU]&"/y;

/** End of `pattern` (sticky) at `at`, or -1. */
function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

/** The first position at or after `at` that is neither white space nor in a comment; an open comment runs to the end. */
export function skipBlank(text: string, at: number): number {
  for (;;) {
    const next = matchEnd(SPACE, text, at);
    if (text.startsWith("--", next)) at = lineEnd(text, next);
    else if (text.startsWith("/*", next)) at = blockCommentEnd(text, next);
    else return next;
  }
}

function lineEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end++;
  return end;
}

/** Block comments nest. */
function blockCommentEnd(text: string, at: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = at;
  let depth = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return text.length;
}

/** The first token at or after `at`; null at the end. Total: any text is a sequence of tokens. */
export function nextToken(text: string, at: number): Token | null {
  const start = skipBlank(text, at);
  if (start >= text.length) return null;
  const code = text.charCodeAt(start);
  if (isWordStart(code)) return wordOrPrefixed(text, start);
  if (code === QUOTE) return quotedConstant(text, start, start + 1);
  if (code === DOUBLE_QUOTE) return closed("quoted", start, quoteEnd(text, start + 1, '"', false), text);
  if (code === DOLLAR) return parameterOrDollarQuote(text, start);
  const number = isDigit(code) || code === DOT ? matchEnd(NUMBER, text, start) : -1;
  return number >= 0 ? { kind: "number", start, end: number } : symbol(text, start);
}

function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === UNDERSCORE || code >= 0x80;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** A word, or a constant or name whose quotes stand behind a prefix such as E or U&. */
function wordOrPrefixed(text: string, start: number): Token {
  const next = text.charCodeAt(start + 1);
  if (next === QUOTE || next === AMPERSAND) {
    const string = matchEnd(STRING_PREFIX, text, start);
    if (string >= 0) return quotedConstant(text, start, string);
    const quoted = matchEnd(QUOTED_PREFIX, text, start);
    if (quoted >= 0) return closed("quoted", start, quoteEnd(text, quoted, '"', false), text);
  }
  return { kind: "word", start, end: matchEnd(WORD, text, start) };
}

function parameterOrDollarQuote(text: string, start: number): Token {
  const parameter = matchEnd(PARAMETER, text, start);
  if (parameter >= 0) return { kind: "parameter", start, end: parameter };
  const dollar = matchEnd(DOLLAR_TAG, text, start);
  if (dollar < 0) return symbol(text, start);
  const tag = text.slice(start, dollar);
  const close = text.indexOf(tag, dollar);
  return closed("string", start, close < 0 ? -1 : close + tag.length, text);
}

function symbol(text: string, start: number): Token {
  return { kind: "symbol", start, end: symbolEnd(text, start) };
}

/** The tokens of a text from `at` on. */
export function* tokens(text: string, at = 0): IterableIterator<Token> {
  for (let token = nextToken(text, at); token !== null; token = nextToken(text, token.end)) yield token;
}

function closed(kind: "string" | "quoted", start: number, end: number, text: string): Token {
  return end < 0 ? { kind: "broken", start, end: text.length } : { kind, start, end };
}

/** `body` is the position behind the opening quote. */
function quotedConstant(text: string, start: number, body: number): Token {
  const escapes = text[start] === "e" || text[start] === "E";
  let end = quoteEnd(text, body, "'", escapes);
  for (let next = continuation(text, end); next >= 0; next = continuation(text, end)) {
    end = quoteEnd(text, next, "'", escapes);
  }
  return closed("string", start, end, text);
}

/** Position behind the closing quote (a doubled one does not close), or -1. */
function quoteEnd(text: string, body: number, quote: string, escapes: boolean): number {
  let at = body;
  while (at < text.length) {
    if (escapes && text[at] === "\\") at += 2;
    else if (text[at] !== quote) at++;
    else if (text[at + 1] === quote) at += 2;
    else return at + 1;
  }
  return -1;
}

/** A constant goes on in another line: position behind the reopening quote, or -1. Only `--` comments may lie between. */
function continuation(text: string, end: number): number {
  if (end < 0) return -1;
  let newline = false;
  let at = end;
  for (; at < text.length; at++) {
    const character = text[at] as string;
    if (character === "\n" || character === "\r") newline = true;
    else if (text.startsWith("--", at)) at = lineEnd(text, at) - 1;
    else if (!" \t\f\v".includes(character)) break;
  }
  return newline && text[at] === "'" ? at + 1 : -1;
}

/** Operators end before a comment; one that ends in + or - is cut there unless it holds a special character. */
function symbolEnd(text: string, start: number): number {
  const run = matchEnd(OPERATOR, text, start);
  if (run < 0) return text.startsWith("::", start) ? start + 2 : start + 1;
  const comment = text.slice(start, run).search(/--|\/\*/);
  let end = comment > 0 ? start + comment : run;
  if (!/[~!@#%^&|`?]/.test(text.slice(start, end))) {
    while (end > start + 1 && (text[end - 1] === "+" || text[end - 1] === "-")) end--;
  }
  return end;
}
