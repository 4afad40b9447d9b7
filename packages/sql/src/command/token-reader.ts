import { FreshetError, SqlState } from "@freshet/base";
import { characterPosition } from "../parser/byte-text.ts";
import { parseStatements } from "../parser/parse-statements.ts";
import { nextToken, type Token } from "../parser/tokenizer.ts";
import { literalOf } from "../statement/literal.ts";

/** PostgreSQL's limit on identifiers, in bytes. */
const MAX_IDENTIFIER_BYTES = 63;

/** Reads a command word by word; every mistake is a FreshetError 42601 with its place and the usage as a hint. */
export class TokenReader {
  readonly text: string;
  /** Grammar of the command, for hints. */
  usage = "";
  #token: Token | null;

  constructor(text: string) {
    this.text = text;
    this.#token = nextToken(text, 0);
  }

  /** UTF-16 offset of the next token, or of the text's end. */
  position(): number {
    return this.#token?.start ?? this.text.length;
  }

  isWord(word: string): boolean {
    return this.#token?.kind === "word" && this.#written().toLowerCase() === word;
  }

  takeWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.#advance();
    return found;
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) this.syntaxError();
  }

  takeSymbol(symbol: string): boolean {
    const found = this.#token?.kind === "symbol" && this.#written() === symbol;
    if (found) this.#advance();
    return found;
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) this.syntaxError();
  }

  /** A name: folded to lower case unless it is quoted. */
  identifier(): string {
    const token = this.#token;
    const written = this.#written();
    if (token?.kind !== "word" && (token?.kind !== "quoted" || !written.startsWith('"'))) return this.syntaxError();
    const name = token.kind === "word" ? foldCase(written) : written.slice(1, -1).replaceAll('""', '"');
    if (name === "") return this.refuse("zero-length delimited identifier", token.start);
    if (Buffer.byteLength(name) > MAX_IDENTIFIER_BYTES) {
      throw new FreshetError("42622", `identifier "${name}" is too long`, {
        detail: `An identifier has at most ${MAX_IDENTIFIER_BYTES} bytes.`,
        position: characterPosition(this.text, token.start),
      });
    }
    this.#advance();
    return name;
  }

  /** An option's value: a name, a number as written, or the contents of a string. */
  optionValue(): string {
    const sign = this.takeSymbol("-") ? "-" : "";
    const token = this.#token;
    if (token?.kind === "number") {
      this.#advance();
      return sign + this.text.slice(token.start, token.end);
    }
    if (sign !== "") return this.syntaxError();
    if (token?.kind !== "string") return this.identifier();
    const value = stringValue(this.#written());
    if (value === null) return this.syntaxError();
    this.#advance();
    return value;
  }

  /** The command must end here; one semicolon is allowed. */
  end(): void {
    if (!this.takeSymbol(";")) {
      if (this.#token !== null) this.syntaxError();
      return;
    }
    const at = this.position();
    while (this.takeSymbol(";"));
    if (this.#token !== null) this.refuse("a Freshet command must be the only statement in its query string", at);
  }

  /** Takes all tokens up to the end or a semicolon: where the first begins and the last ends. */
  takeStatement(): { readonly start: number; readonly end: number } {
    const start = this.position();
    let end = start;
    for (; this.#token !== null && this.#written() !== ";"; this.#advance()) end = this.#token.end;
    return { start, end };
  }

  syntaxError(): never {
    const where = this.#token === null ? "at end of input" : `at or near "${this.#written()}"`;
    return this.refuse(`syntax error ${where}`, this.position());
  }

  /** `offset` is in UTF-16 units. */
  refuse(message: string, offset: number): never {
    throw new FreshetError(SqlState.syntaxError, message, {
      hint: this.usage === "" ? undefined : `Usage: ${this.usage}`,
      position: characterPosition(this.text, offset),
    });
  }

  #written(): string {
    return this.#token === null ? "" : this.text.slice(this.#token.start, this.#token.end);
  }

  #advance(): void {
    if (this.#token !== null) this.#token = nextToken(this.text, this.#token.end);
  }
}

/** As PostgreSQL folds in UTF-8 databases: ASCII letters only. */
function foldCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** What a quoted constant holds, as the parser reads it; null when it is not a plain string. */
function stringValue(written: string): string | null {
  const [statement] = parseStatements(`SELECT ${written}`);
  if (statement === undefined || !("SelectStmt" in statement.tree)) return null;
  const [target] = statement.tree.SelectStmt.targetList ?? [];
  const value = target !== undefined && "ResTarget" in target ? target.ResTarget.val : undefined;
  const literal = value === undefined ? null : literalOf(value);
  return literal?.kind === "string" ? literal.text : null;
}
