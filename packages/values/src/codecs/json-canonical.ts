import { formatDecimal, parseDecimal } from "../decimal.ts";
import { JsonReader, type JsonToken } from "./json-reader.ts";

/** Bounds below PostgreSQL's own; beyond them the text is not looked at. */
const MAX_DEPTH = 256;
const MAX_CHARACTERS = 1 << 24;
/** PostgreSQL refuses both in jsonb; json keeps them, but then they are not surely text. */
const NOT_TEXT = /\0|\p{Surrogate}/u;

/**
 * The text that jsonb's output function prints for a JSON text: of equal keys the last, keys by UTF-8
 * length then bytes, numbers as numeric prints them. Undefined for what is not JSON, or not surely jsonb.
 */
export function canonicalJson(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const reader = new JsonReader(text);
  const value = readValue(reader, reader.next(), 0);
  return value === undefined || reader.next() !== null ? undefined : value;
}

function readValue(reader: JsonReader, token: JsonToken | null | undefined, depth: number): string | undefined {
  if (token === null || token === undefined || depth > MAX_DEPTH) return undefined;
  switch (token.kind) {
    case "{":
      return readObject(reader, depth + 1);
    case "[":
      return readArray(reader, depth + 1);
    case "string":
      return quoteJson(token.text);
    case "number": {
      const value = parseDecimal(token.text);
      return value === undefined ? undefined : formatDecimal(value);
    }
    case "true":
    case "false":
    case "null":
      return token.kind;
    default:
      return undefined;
  }
}

function readArray(reader: JsonReader, depth: number): string | undefined {
  const items: string[] = [];
  let token = reader.next();
  if (token?.kind === "]") return "[]";
  for (;;) {
    const item = readValue(reader, token, depth);
    if (item === undefined) return undefined;
    items.push(item);
    const separator = reader.next();
    if (separator?.kind === "]") return `[${items.join(", ")}]`;
    if (separator?.kind !== ",") return undefined;
    token = reader.next();
  }
}

function readObject(reader: JsonReader, depth: number): string | undefined {
  const members = new Map<string, string>();
  let token = reader.next();
  if (token?.kind === "}") return "{}";
  for (;;) {
    if (token?.kind !== "string" || reader.next()?.kind !== ":") return undefined;
    const value = readValue(reader, reader.next(), depth);
    if (value === undefined || NOT_TEXT.test(token.text)) return undefined;
    members.set(token.text, value);
    const separator = reader.next();
    if (separator?.kind === "}") return printObject(members);
    if (separator?.kind !== ",") return undefined;
    token = reader.next();
  }
}

function printObject(members: ReadonlyMap<string, string>): string {
  const sorted = [...members].map(([key, value]) => ({ key, value, bytes: Buffer.from(key, "utf8") }));
  sorted.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return `{${sorted.map(({ key, value }) => `${quoteJson(key) ?? ""}: ${value}`).join(", ")}}`;
}

/** escape_json: what must be escaped, in its short form where there is one. */
function quoteJson(text: string): string | undefined {
  return NOT_TEXT.test(text) ? undefined : JSON.stringify(text);
}
