import { FreshetError, SqlState } from "@freshet/base";
import { hasSqlDetails, type Node, parseSync } from "libpg-query";
import { nestingDepth } from "./nesting-depth.ts";

/**
 * Texts beyond this many UTF-16 units are not looked into: parsing would hold up everybody else on the
 * event loop, and such a text is a bulk write far more often than a query to cache.
 */
export const MAX_STATEMENT_LENGTH: number = 128 * 1024;

/** Texts whose tree may get deeper are not parsed (see nesting-depth.ts). A small part of what a usual stack bears. */
const MAX_NESTING_DEPTH = 500;

/** One statement of a query string. */
export interface ParsedStatement {
  readonly tree: Node;
  /** Byte range [start, end) in the UTF-8 text, without the semicolon; may begin with white space and comments. */
  readonly start: number;
  readonly end: number;
}

/**
 * Parses a query string with PostgreSQL's grammar; no statement when it holds only white space, comments
 * and semicolons. Throws a FreshetError (42601 with the position for what the grammar refuses).
 */
export function parseStatements(text: string): readonly ParsedStatement[] {
  checkText(text);
  if (text === "") return [];
  const byteLength = Buffer.byteLength(text);
  const statements: ParsedStatement[] = [];
  for (const { stmt, stmt_location: start = 0, stmt_len: length = 0 } of parseTree(text)) {
    if (stmt !== undefined) statements.push({ tree: stmt, start, end: length === 0 ? byteLength : start + length });
  }
  return statements;
}

/**
 * Refuses what may break the parser, and what the server may read differently: the parser stops at NUL
 * and re-encodes lone surrogates; U+FFFD may stand for bytes that were not UTF-8 on the wire.
 */
function checkText(text: string): void {
  if (text.length > MAX_STATEMENT_LENGTH) {
    throw new FreshetError(SqlState.programLimitExceeded, "statement is too long to be parsed", {
      detail: `It has ${text.length} characters; at most ${MAX_STATEMENT_LENGTH} are read.`,
    });
  }
  if (text.length > MAX_NESTING_DEPTH && nestingDepth(text) > MAX_NESTING_DEPTH) throw tooComplex();
  if (/[\0\ufffd]|\p{Surrogate}/u.test(text)) {
    throw new FreshetError("22021", 'invalid byte sequence for encoding "UTF8"');
  }
}

function parseTree(text: string): readonly { stmt?: Node; stmt_location?: number; stmt_len?: number }[] {
  try {
    return parseSync(text).stmts ?? [];
  } catch (error) {
    if (hasSqlDetails(error)) {
      const position = (error.sqlDetails?.cursorPosition ?? 0) + 1;
      throw new FreshetError(SqlState.syntaxError, error.message, { position, cause: error });
    }
    throw tooComplex(error);
  }
}

function tooComplex(cause?: unknown): FreshetError {
  return new FreshetError(SqlState.programLimitExceeded, "statement is too complex to be parsed", { cause });
}
