import { FreshetError, SqlState } from "@freshet/base";
import { characterPosition } from "../parser/byte-text.ts";
import { parseStatements } from "../parser/parse-statements.ts";
import { classify } from "../statement/classify.ts";
import type { Command } from "./command.ts";
import type { TokenReader } from "./token-reader.ts";

type Source = Extract<Command, { kind: "create-cache" }>["source"];

const QUERY_ID = /^q_[0-9a-f]{16}$/;

/** The rest of a command behind FROM: a query id or one SELECT. */
export function readSource(reader: TokenReader): Source {
  const { start, end } = reader.takeStatement();
  if (start === end) reader.syntaxError();
  reader.end();
  const written = reader.text.slice(start, end);
  const id = queryIdOf(written);
  if (id !== null) return { kind: "query-id", id };
  checkSelect(reader, written, start);
  return { kind: "select", text: written };
}

/** A query id may also be written as a string or a quoted name. */
function queryIdOf(written: string): string | null {
  const bare = /^(['"]).*\1$/s.test(written) ? written.slice(1, -1) : written.toLowerCase();
  return QUERY_ID.test(bare) ? bare : null;
}

/** Refuses what is no plain SELECT; positions are those in the whole command. */
function checkSelect(reader: TokenReader, written: string, start: number): void {
  const position = characterPosition(reader.text, start);
  const [statement] = parseShifted(reader, written, position);
  if (statement === undefined) return reader.refuse("syntax error: a SELECT or a query id is expected", start);
  if (!("SelectStmt" in statement.tree)) return reader.refuse("only a SELECT or a query id can be cached", start);
  if (classify(statement.tree).plainSelect) return;
  throw new FreshetError(SqlState.featureNotSupported, "this SELECT cannot be cached", {
    detail: "It locks rows (FOR UPDATE, FOR SHARE), creates a table (INTO) or modifies data (in WITH).",
    position,
  });
}

function parseShifted(reader: TokenReader, written: string, position: number): ReturnType<typeof parseStatements> {
  try {
    return parseStatements(written);
  } catch (error) {
    if (!(error instanceof FreshetError)) throw error;
    throw new FreshetError(error.code, error.message, {
      detail: error.detail,
      hint: error.hint ?? `Usage: ${reader.usage}`,
      position: error.position === undefined ? position : error.position + position - 1,
      cause: error,
    });
  }
}
