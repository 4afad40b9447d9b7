/** A JSON token; `text` of a string is its unescaped value, of a number its spelling. */
export type JsonToken =
  | { readonly kind: "{" | "}" | "[" | "]" | "," | ":" | "true" | "false" | "null" }
  | { readonly kind: "string" | "number"; readonly text: string };

const BLANKS = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/;
const LITERALS = ["true", "false", "null"] as const;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;

/** Splits JSON text into tokens as RFC 8259 spells them. The grammar over them is the caller's. */
export class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token; null at the end; undefined where there is none. */
  next(): JsonToken | null | undefined {
    BLANKS.lastIndex = this.#at;
    BLANKS.exec(this.#text);
    this.#at = BLANKS.lastIndex;
    const first = this.#text[this.#at];
    switch (first) {
      case undefined:
        return null;
      case "{":
      case "}":
      case "[":
      case "]":
      case ",":
      case ":":
        this.#at++;
        return { kind: first };
      case '"':
        return this.#string();
      default:
        return this.#literal() ?? this.#number();
    }
  }

  #literal(): JsonToken | undefined {
    const kind = LITERALS.find((literal) => this.#text.startsWith(literal, this.#at));
    if (kind === undefined) return undefined;
    this.#at += kind.length;
    return { kind };
  }

  #number(): JsonToken | undefined {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) return undefined;
    this.#at = NUMBER.lastIndex;
    return { kind: "number", text: match[0] };
  }

  #string(): JsonToken | undefined {
    const start = this.#at + 1;
    let escaped = false;
    for (let at = start; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) {
        const text = this.#text.slice(start, at);
        this.#at = at + 1;
        return { kind: "string", text: escaped ? String(JSON.parse(`"${text}"`)) : text };
      }
      if (code < FIRST_PRINTABLE) return undefined;
      if (code === BACKSLASH) {
        if (!ESCAPE.test(this.#text.slice(at, at + 6))) return undefined;
        escaped = true;
        at++;
      }
    }
    return undefined;
  }
}
