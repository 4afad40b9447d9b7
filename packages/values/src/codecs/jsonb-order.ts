import { must } from "@freshet/base";
import { parseDecimal } from "../decimal.ts";
import type { KeyWriter } from "../key-writer.ts";
import { JsonReader, type JsonToken } from "./json-reader.ts";
import { encodeNumericWire, writeNumericKey } from "./numeric-wire.ts";

/** The types in their order. */
const NULL_TAG = 1;
const STRING_TAG = 2;
const NUMBER_TAG = 3;
const FALSE_TAG = 4;
const TRUE_TAG = 5;
const ARRAY_TAG = 6;
const OBJECT_TAG = 7;

/** An opening token with the number of its elements or pairs, or a scalar. */
interface CountedToken {
  readonly token: JsonToken;
  count: number;
}

/** The tokens that matter, in order; of arrays and objects how much is in them. */
function countedTokens(text: string): readonly CountedToken[] {
  const reader = new JsonReader(text);
  const tokens: CountedToken[] = [];
  const open: CountedToken[] = [];
  for (let token = reader.next(); token !== null; token = reader.next()) {
    const { kind } = must(token, "malformed jsonb");
    const around = open.at(-1);
    if (kind === "," || kind === ":") continue;
    if (kind === "]" || kind === "}") {
      const closed = must(open.pop(), "malformed jsonb");
      if (kind === "}") closed.count /= 2;
      continue;
    }
    if (around !== undefined) around.count++;
    const counted = { token: must(token), count: 0 };
    tokens.push(counted);
    if (kind === "[" || kind === "{") open.push(counted);
  }
  return tokens;
}

/**
 * A key in jsonb's btree order (under a byte-ordered default collation): objects above arrays above booleans above numbers above strings above
 * null; of two arrays or objects the one with more in it, then in the order of storage. A scalar at the top is an array of one element, before such
 * arrays proper.
 */
export function writeJsonbKey(text: string, out: KeyWriter): void {
  const tokens = countedTokens(text);
  const [first] = tokens;
  const top = must(first, "malformed jsonb").token.kind;
  if (top !== "{") {
    out.byte(ARRAY_TAG);
    out.uint32(top === "[" ? must(first).count : 1);
    out.byte(top === "[" ? 1 : 0);
  }
  for (const counted of top === "[" ? tokens.slice(1) : tokens) writeToken(counted, out);
}

function writeToken({ token, count }: CountedToken, out: KeyWriter): void {
  switch (token.kind) {
    case "{":
    case "[":
      out.byte(token.kind === "{" ? OBJECT_TAG : ARRAY_TAG);
      out.uint32(count);
      return;
    case "string":
      out.byte(STRING_TAG);
      out.escaped(Buffer.from(token.text, "utf8"));
      return;
    case "number":
      out.byte(NUMBER_TAG);
      writeNumericKey(encodeNumericWire(must(parseDecimal(token.text), "malformed jsonb number")), out);
      return;
    case "null":
      out.byte(NULL_TAG);
      return;
    default:
      out.byte(token.kind === "true" ? TRUE_TAG : FALSE_TAG);
  }
}
