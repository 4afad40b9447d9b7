import { FreshetError, SqlState } from "@freshet/base";

/** A Datum as PostgreSQL prints it: the bytes of its memory; `length` is the value's own length. */
interface DatumBytes {
  readonly length: number;
  readonly bytes: Buffer;
}

/** A field of a node: absent (`<>`), a token, a node, a list, or a constant's datum. */
export type NodeValue = null | string | TreeNode | readonly NodeValue[] | DatumBytes;

/** Labels of older servers and today's names for them. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["RTE", "RANGETBLENTRY"],
  ["CASE", "CASEEXPR"],
  ["WHEN", "CASEWHEN"],
  ["COALESCE", "COALESCEEXPR"],
  ["COLLATE", "COLLATEEXPR"],
  ["MINMAX", "MINMAXEXPR"],
  ["ARRAY", "ARRAYEXPR"],
  ["ROW", "ROWEXPR"],
  ["ROWCOMPARE", "ROWCOMPAREEXPR"],
]);

/** One `{TYPE :field value …}` of a pg_node_tree, with typed access to its fields. */
export class TreeNode {
  readonly type: string;
  readonly fields: ReadonlyMap<string, NodeValue>;

  constructor(type: string, fields: ReadonlyMap<string, NodeValue>) {
    this.type = type;
    this.fields = fields;
  }

  /** The node with some fields of other values. */
  with(fields: Readonly<Record<string, NodeValue>>): TreeNode {
    return new TreeNode(this.type, new Map([...this.fields, ...Object.entries(fields)]));
  }

  has(field: string): boolean {
    return this.fields.has(field);
  }

  #value(field: string): NodeValue {
    const value = this.fields.get(field);
    if (value === undefined) throw notUnderstood(`${this.type} has no field ${field}`);
    return value;
  }

  int(field: string): number {
    const value = this.#value(field);
    if (typeof value !== "string" || !/^-?\d+$/.test(value))
      throw notUnderstood(`${this.type}.${field} is not a number`);
    return Number(value);
  }

  /** A field that not all majors have; `otherwise` where it is missing. */
  intOr(field: string, otherwise: number): number {
    return this.has(field) ? this.int(field) : otherwise;
  }

  flag(field: string): boolean {
    const value = this.#value(field);
    if (value !== "true" && value !== "false") throw notUnderstood(`${this.type}.${field} is not a boolean`);
    return value === "true";
  }

  flagOr(field: string, otherwise: boolean): boolean {
    return this.has(field) ? this.flag(field) : otherwise;
  }

  text(field: string): string {
    const value = this.#value(field);
    if (typeof value !== "string") throw notUnderstood(`${this.type}.${field} is not a token`);
    return value;
  }

  textOrNull(field: string): string | null {
    return this.#value(field) === null ? null : this.text(field);
  }

  node(field: string): TreeNode {
    const value = this.#value(field);
    if (!(value instanceof TreeNode)) throw notUnderstood(`${this.type}.${field} is not a node`);
    return value;
  }

  nodeOrNull(field: string): TreeNode | null {
    return this.#value(field) === null ? null : this.node(field);
  }

  /** A list of nodes; `<>` is the empty list. */
  nodes(field: string): readonly TreeNode[] {
    return this.#list(field).map((item) => {
      if (!(item instanceof TreeNode)) throw notUnderstood(`${this.type}.${field} holds something that is not a node`);
      return item;
    });
  }

  /** The number of items of a list. */
  listLength(field: string): number {
    return this.#list(field).length;
  }

  /** A list of integers or OIDs, or a bitmap set. */
  ints(field: string): readonly number[] {
    return this.#list(field).map((item) => {
      if (typeof item !== "string" || !/^-?\d+$/.test(item))
        throw notUnderstood(`${this.type}.${field} is not a list of numbers`);
      return Number(item);
    });
  }

  /** A list of names. */
  names(field: string): readonly string[] {
    return this.#list(field).map((item) => {
      if (typeof item !== "string") throw notUnderstood(`${this.type}.${field} is not a list of names`);
      return item;
    });
  }

  datum(field: string): DatumBytes {
    const value = this.#value(field);
    if (value === null || typeof value === "string" || value instanceof TreeNode || !("bytes" in value)) {
      throw notUnderstood(`${this.type}.${field} is not a datum`);
    }
    return value;
  }

  #list(field: string): readonly NodeValue[] {
    const value = this.#value(field);
    if (value === null) return [];
    if (!Array.isArray(value)) throw notUnderstood(`${this.type}.${field} is not a list`);
    return value as readonly NodeValue[];
  }
}

function notUnderstood(detail: string): FreshetError {
  return new FreshetError(SqlState.featureNotSupported, "the server's analysed form of this query is not understood", {
    detail,
    hint: "This server version may be newer than the ones Freshet knows (14 to 18).",
  });
}

interface Token {
  /** As it stands in the text, for telling delimiters and labels from values. */
  readonly raw: string;
  /** Without escapes. */
  readonly text: string;
}

const DELIMITERS = new Set(["(", ")", "{", "}"]);
const SPACE = new Set([" ", "\n", "\t"]);

/** Splits as `pg_strtok` does: white space separates, brackets stand alone, a backslash takes the next character. */
function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const first = source[at] as string;
    if (SPACE.has(first)) {
      at++;
    } else if (DELIMITERS.has(first)) {
      tokens.push({ raw: first, text: first });
      at++;
    } else {
      const start = at;
      let text = "";
      while (at < source.length && !SPACE.has(source[at] as string) && !DELIMITERS.has(source[at] as string)) {
        if (source[at] === "\\" && at + 1 < source.length) at++;
        text += source[at];
        at++;
      }
      tokens.push({ raw: source.slice(start, at), text });
    }
  }
  return tokens;
}

class TreeParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = tokenize(source);
  }

  parseAll(): NodeValue {
    const value = this.#parseValue();
    if (this.#at !== this.#tokens.length) throw notUnderstood("text follows the tree's end");
    return value;
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw notUnderstood("the tree ends too early");
    return token;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]?.raw;
  }

  #parseValue(): NodeValue {
    const token = this.#next();
    if (token.raw === "{") return this.#parseNode();
    if (token.raw === "(") return this.#parseList();
    if (token.raw === ")" || token.raw === "}") throw notUnderstood("a bracket closes what was not opened");
    if (token.raw === "<>") return null;
    if (this.#peek() === "[") return this.#parseDatum(token);
    return plainText(token);
  }

  #parseNode(): TreeNode {
    const label = this.#next().text;
    const fields = new Map<string, NodeValue>();
    while (this.#peek() !== "}") {
      const name = this.#next();
      if (!name.raw.startsWith(":")) throw notUnderstood(`a field name was expected in ${label}, not ${name.raw}`);
      fields.set(name.text.slice(1), this.#parseValue());
    }
    this.#at++;
    return new TreeNode(RENAMED.get(label) ?? label, fields);
  }

  /** Lists of integers, OIDs and transaction ids, and bitmap sets, begin with a letter that tells so. */
  #parseList(): readonly NodeValue[] {
    if (/^[iobx]$/.test(this.#peek() ?? "")) this.#at++;
    const items: NodeValue[] = [];
    while (this.#peek() !== ")") items.push(this.#parseValue());
    this.#at++;
    return items;
  }

  #parseDatum(length: Token): DatumBytes {
    this.#at++;
    const bytes: number[] = [];
    while (this.#peek() !== "]") bytes.push(Number(this.#next().raw) & 0xff);
    this.#at++;
    return { length: Number(length.raw), bytes: Buffer.from(bytes) };
  }
}

/** A string node stands in double quotes, an empty token is a pair of them. */
function plainText(token: Token): string {
  const quoted = token.raw.length >= 2 && token.raw.startsWith('"') && token.raw.endsWith('"');
  return quoted ? token.text.slice(1, -1) : token.text;
}

/** Parses the text form of a pg_node_tree of any PostgreSQL major. */
export function parseNodeTree(source: string): NodeValue {
  return new TreeParser(source).parseAll();
}
