import type { ArrayValue } from "./array-wire.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `"`, `\`, braces, the delimiter and what PostgreSQL's array_isspace takes for space. */
const SPECIAL = /["\\{},\t\n\v\f\r ]/;

/** array_out's text; `texts` are the elements' output texts, null for NULL. */
export function formatArray(dimensions: ArrayValue["dimensions"], texts: readonly (Buffer | null)[]): Buffer {
  if (dimensions.length === 0) return Buffer.from("{}");
  const parts: Buffer[] = [];
  if (dimensions.some(({ lowerBound }) => lowerBound !== 1)) {
    const bounds = dimensions.map(({ length, lowerBound }) => `[${lowerBound}:${lowerBound + length - 1}]`);
    parts.push(Buffer.from(`${bounds.join("")}=`));
  }
  let next = 0;
  const level = (depth: number): void => {
    parts.push(Buffer.from("{"));
    const length = dimensions[depth]?.length ?? 0;
    for (let index = 0; index < length; index++) {
      if (index > 0) parts.push(Buffer.from(","));
      if (depth + 1 < dimensions.length) level(depth + 1);
      else parts.push(formatElement(texts[next++] ?? null));
    }
    parts.push(Buffer.from("}"));
  };
  level(0);
  return Buffer.concat(parts);
}

function formatElement(text: Buffer | null): Buffer {
  if (text === null) return Buffer.from("NULL");
  const latin = text.toString("latin1");
  if (latin !== "" && !SPECIAL.test(latin) && latin.toUpperCase() !== "NULL") return text;
  const quoted: number[] = [QUOTE];
  for (const byte of text) {
    if (byte === QUOTE || byte === BACKSLASH) quoted.push(BACKSLASH);
    quoted.push(byte);
  }
  quoted.push(QUOTE);
  return Buffer.from(quoted);
}

/** One element of `{a,"b\"c",NULL}`: quoted, or bare without anything special. */
const ELEMENT = /[ \t\n\v\f\r]*(?:"((?:[^"\\]|\\.)*)"|([^"\\{},\t\n\v\f\r ]+))[ \t\n\v\f\r]*([,}])/suy;

/**
 * The elements' input texts of a one-dimensional array text, null for NULL; undefined for every other
 * spelling (more dimensions, explicit bounds, bare elements with blanks or escapes inside).
 */
export function parseArrayText(text: string): (string | null)[] | undefined {
  if (text === "{}") return [];
  if (!text.startsWith("{")) return undefined;
  const elements: (string | null)[] = [];
  ELEMENT.lastIndex = 1;
  for (;;) {
    const match = ELEMENT.exec(text);
    if (match === null) return undefined;
    const [, quoted, bare, end] = match;
    if (quoted !== undefined) elements.push(quoted.replace(/\\(.)/gsu, "$1"));
    else if (bare !== undefined) elements.push(bare.toUpperCase() === "NULL" ? null : bare);
    if (end === "}") return ELEMENT.lastIndex === text.length ? elements : undefined;
  }
}
