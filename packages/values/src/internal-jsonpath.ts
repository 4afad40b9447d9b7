import { DEFAULT_TEXT_SETTINGS } from "./codec.ts";
import { numericCodec } from "./codecs/numeric.ts";
import { JSONPATH_VERSION } from "./codecs/jsonpath.ts";
import { numericToWire, varlenaBody } from "./internal-varlena.ts";

const LAX_FLAG = 0x8000_0000;
const HEADER_SIZE = 4;
const ALIGNMENT = 4;
/** An absent bound of `**`. */
const LAST_LEVEL = 0xffff_ffff;

/** JsonPathItemType; later majors have only added to its end. */
const ITEM_TYPES = [
  "null",
  "string",
  "numeric",
  "bool",
  "&&",
  "||",
  "!",
  "is unknown",
  "==",
  "!=",
  "<",
  ">",
  "<=",
  ">=",
  "+",
  "-",
  "*",
  "/",
  "%",
  "unary +",
  "unary -",
  "[*]",
  ".*",
  "[]",
  ".**",
  ".key",
  "@",
  "$",
  "$variable",
  "?",
  "exists",
  "type",
  "size",
  "abs",
  "floor",
  "ceiling",
  "double",
  "datetime",
  "keyvalue",
  "subscript",
  "last",
  "starts with",
  "like_regex",
  "bigint",
  "boolean",
  "date",
  "decimal",
  "integer",
  "number",
  "string_method",
  "time",
  "time_tz",
  "timestamp",
  "timestamp_tz",
] as const;

type ItemType = (typeof ITEM_TYPES)[number];

const PRIORITIES: Readonly<Partial<Record<ItemType, number>>> = {
  "||": 0,
  "&&": 1,
  "==": 2,
  "!=": 2,
  "<": 2,
  ">": 2,
  "<=": 2,
  ">=": 2,
  "starts with": 2,
  "+": 3,
  "-": 3,
  "*": 4,
  "/": 4,
  "%": 4,
  "unary +": 5,
  "unary -": 5,
};
const NO_OPERATOR = 6;

const REGEX_FLAGS = [
  [1, "i"],
  [2, "s"],
  [4, "m"],
  [8, "x"],
  [16, "q"],
] as const;

function priorityOf(type: ItemType): number {
  return PRIORITIES[type] ?? NO_OPERATOR;
}

/** What has no known text, or a text that PostgreSQL itself would read back as something else. */
class Unprintable extends Error {}

/** An item: its type, the offset of the next one (0: none), then what its type needs. Offsets count from the item. */
class Item {
  readonly type: ItemType;
  readonly #data: Buffer;
  readonly #start: number;
  readonly #payload: number;

  constructor(data: Buffer, start: number) {
    const type = ITEM_TYPES[data[start] ?? ITEM_TYPES.length];
    if (type === undefined) throw new Unprintable();
    this.type = type;
    this.#data = data;
    this.#start = start;
    this.#payload = Math.ceil((start + 1) / ALIGNMENT) * ALIGNMENT;
  }

  /** The `index`th word of the payload. */
  word(index: number): number {
    return this.#data.readUInt32LE(this.#payload + 4 + 4 * index);
  }

  bytes(words: number, length?: number): Buffer {
    const from = this.#payload + 4 + 4 * words;
    return this.#data.subarray(from, length === undefined ? undefined : from + length);
  }

  get next(): Item | null {
    return this.#at(this.#data.readUInt32LE(this.#payload));
  }

  /** The item that a word of the payload points to. */
  arg(index: number): Item {
    const item = this.argOrNull(index);
    if (item === null) throw new Unprintable();
    return item;
  }

  argOrNull(index: number): Item | null {
    return this.#at(this.word(index));
  }

  #at(offset: number): Item | null {
    return offset === 0 ? null : new Item(this.#data, this.#start + offset);
  }
}

function quoted(bytes: Buffer): string {
  return JSON.stringify(bytes.toString("utf8"));
}

function numericText(item: Item): string {
  const body = varlenaBody(item.bytes(0));
  const wire = body === undefined ? undefined : numericToWire(body.data);
  const text = wire === undefined ? undefined : numericCodec.toText(wire, DEFAULT_TEXT_SETTINGS);
  // Majors differ in whether they put what has a method into parentheses.
  if (text === undefined || item.next !== null) throw new Unprintable();
  return text.toString("latin1");
}

function operand(parent: Item, item: Item): string {
  return print(item, false, priorityOf(item.type) <= priorityOf(parent.type));
}

/** In parentheses, if it is to be. Without them PostgreSQL's text gives what follows to the last operand. */
function operation(item: Item, text: string, inParentheses: boolean): string {
  if (!inParentheses && item.next !== null) throw new Unprintable();
  return inParentheses ? `(${text})` : text;
}

function subscripts(item: Item): string {
  const parts: string[] = [];
  for (let index = 0; index < item.word(0); index++) {
    const to = item.argOrNull(2 + 2 * index);
    const from = print(item.arg(1 + 2 * index), false, false);
    parts.push(to === null ? from : `${from} to ${print(to, false, false)}`);
  }
  return `[${parts.join(",")}]`;
}

function levels(first: number, last: number): string {
  if (first === 0 && last === LAST_LEVEL) return "**";
  const name = (level: number): string => (level === LAST_LEVEL ? "last" : String(level));
  return first === last ? `**{${name(first)}}` : `**{${name(first)} to ${name(last)}}`;
}

function likeRegex(item: Item): string {
  const flags = REGEX_FLAGS.filter(([bit]) => (item.word(0) & bit) !== 0).map(([, letter]) => letter);
  const pattern = quoted(item.bytes(3, item.word(2)));
  const suffix = flags.length === 0 ? "" : ` flag "${flags.join("")}"`;
  return `${operand(item, item.arg(1))} like_regex ${pattern}${suffix}`;
}

function method(name: string, ...args: readonly (Item | null)[]): string {
  const given = args.filter((arg) => arg !== null);
  return `.${name}(${given.map((arg) => print(arg, false, false)).join(",")})`;
}

function printItem(item: Item, inKey: boolean, inParentheses: boolean): string {
  const { type } = item;
  switch (type) {
    case "null":
    case "@":
    case "$":
    case "last":
    case "[*]":
      return type;
    case "string":
      return quoted(item.bytes(1, item.word(0)));
    case "numeric":
      return numericText(item);
    case "bool":
      return item.bytes(0)[0] === 0 ? "false" : "true";
    case "!":
    case "is unknown": {
      if (item.next !== null) throw new Unprintable();
      const arg = print(item.arg(0), false, false);
      return type === "!" ? `!(${arg})` : `(${arg}) is unknown`;
    }
    case "unary +":
    case "unary -":
      return operation(item, type.slice(-1) + operand(item, item.arg(0)), inParentheses);
    case ".*":
      return inKey ? ".*" : "*";
    case "[]":
      return subscripts(item);
    case ".**":
      return (inKey ? "." : "") + levels(item.word(0), item.word(1));
    case ".key":
      return (inKey ? "." : "") + quoted(item.bytes(1, item.word(0)));
    case "$variable":
      return `$${quoted(item.bytes(1, item.word(0)))}`;
    case "?":
    case "exists":
      return `${type === "?" ? "?" : "exists "}(${print(item.arg(0), false, false)})`;
    case "like_regex":
      return operation(item, likeRegex(item), inParentheses);
    case "subscript":
      throw new Unprintable();
    default:
      return PRIORITIES[type] === undefined ? printMethod(item) : printBinary(item, inParentheses);
  }
}

function printBinary(item: Item, inParentheses: boolean): string {
  const text = `${operand(item, item.arg(0))} ${item.type} ${operand(item, item.arg(1))}`;
  return operation(item, text, inParentheses);
}

function printMethod(item: Item): string {
  const { type } = item;
  switch (type) {
    case "decimal":
      return method(type, item.argOrNull(0), item.argOrNull(1));
    case "datetime":
    case "time":
    case "time_tz":
    case "timestamp":
    case "timestamp_tz":
      return method(type, item.argOrNull(0));
    case "string_method":
      return method("string");
    default:
      return method(type);
  }
}

function print(item: Item, inKey: boolean, inParentheses: boolean): string {
  const { next } = item;
  return printItem(item, inKey, inParentheses) + (next === null ? "" : print(next, true, true));
}

/**
 * The send format of a jsonpath in the server's memory: its text, as PostgreSQL prints it. Undefined also for the few paths
 * whose printed text means something else than they do.
 */
export function jsonpathToWire(data: Buffer): Buffer | undefined {
  if (data.length <= HEADER_SIZE) return undefined;
  const header = data.readUInt32LE(0);
  const isLax = (header & LAX_FLAG) !== 0;
  if ((header & ~LAX_FLAG) !== JSONPATH_VERSION) return undefined;
  try {
    const text = print(new Item(data.subarray(HEADER_SIZE), 0), false, true);
    return Buffer.concat([Buffer.of(JSONPATH_VERSION), Buffer.from((isLax ? "" : "strict ") + text, "utf8")]);
  } catch (error) {
    if (error instanceof Unprintable || error instanceof RangeError) return undefined;
    throw error;
  }
}
