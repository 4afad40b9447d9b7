import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import type { FunctionTable, NullableBuilder } from "./scalar-function.ts";
import { characterCount } from "./text-units.ts";

/** A string constant; with a backslash inside in the E'' form. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replace(/['\\]/g, "$&$&")}'`;
  return text.includes("\\") ? `E${quoted}` : quoted;
}

/** The LIKE pattern with backslash as escape that means the same as `pattern` with `escape`. */
function withEscape(pattern: string, escape: string): string {
  if (escape === "") return pattern.replaceAll("\\", "\\\\");
  if (characterCount(escape) !== 1) {
    throw new EvaluationError(EvaluationState.invalidEscapeSequence, "invalid escape string");
  }
  if (escape === "\\") return pattern;
  let result = "";
  let escaped = false;
  for (const character of pattern) {
    if (character === escape && !escaped) {
      result += "\\";
      escaped = true;
      continue;
    }
    result += character === "\\" && !escaped ? "\\\\" : character;
    escaped = false;
  }
  return result;
}

export const QUOTING: FunctionTable = { quote_literal: quoteLiteral, like_escape: withEscape };

export const NULLABLE_QUOTING: Readonly<Record<string, NullableBuilder>> = {
  quote_nullable: () => (text: string | null) => (text === null ? "NULL" : quoteLiteral(text)),
};
