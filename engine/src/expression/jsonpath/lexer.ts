import { declined } from "../evaluation-error.ts";

export type Token =
  | { readonly kind: "symbol" | "word"; readonly text: string }
  | { readonly kind: "string" | "number" | "variable"; readonly text: string };

const BLANKS = /\s*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /\d+(?:\.\d+)?/y;
const WORD = /[a-z_]+/y;
const SYMBOL = /\*\*|&&|\|\||==|!=|<=|>=|[$@!<>+\-*/%()[\]{},.?]/y;

function unreadable(): Error {
  return declined("a jsonpath of this form");
}

/** The tokens of a path as PostgreSQL prints it: keys and variables in quotes, numbers without exponent. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  for (take(BLANKS); at < text.length; take(BLANKS)) {
    const string = take(STRING);
    const last = tokens.at(-1);
    if (string !== undefined) {
      const value = JSON.parse(string) as string;
      if (last?.kind === "symbol" && last.text === "$") tokens.splice(-1, 1, { kind: "variable", text: value });
      else tokens.push({ kind: "string", text: value });
      continue;
    }
    const number = take(NUMBER);
    if (number !== undefined) tokens.push({ kind: "number", text: number });
    else {
      const word = take(WORD);
      const symbol = word ?? take(SYMBOL);
      if (symbol === undefined) throw unreadable();
      tokens.push({ kind: word === undefined ? "symbol" : "word", text: symbol });
    }
  }
  return tokens;
}

/** A cursor over tokens. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get atEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  /** Whether the next token is this symbol or word; it is taken, if so. */
  accept(text: string): boolean {
    if (!this.isNext(text)) return false;
    this.#at++;
    return true;
  }

  isNext(text: string): boolean {
    const token = this.#tokens[this.#at];
    return (token?.kind === "symbol" || token?.kind === "word") && token.text === text;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw unreadable();
  }

  /** The symbol or word that is next; undefined for other tokens. */
  peek(): string | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === "symbol" || token?.kind === "word" ? token.text : undefined;
  }

  /** The text of the next token, if it is of this kind. */
  acceptKind(kind: Token["kind"]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind) return undefined;
    this.#at++;
    return token.text;
  }

  take(kind: Token["kind"]): string {
    const text = this.acceptKind(kind);
    if (text === undefined) throw unreadable();
    return text;
  }
}
