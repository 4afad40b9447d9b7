import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import type { FunctionTable, NullableBuilder } from "./scalar-function.ts";
import { characterCount } from "./text-units.ts";

/** Classes whose meaning did not change with the minor version that mended their translation. */
const PLAIN_CLASS = /^\[\^?[A-Za-z0-9 _-]+\]/;
const META = new Set(["\\", ".", "^", "$"]);

/** What stands for escape-double-quotes, which part a pattern in three. */
const SEPARATORS = ["){1,1}?(", "){1,1}(?:"] as const;

function invalidEscape(): EvaluationError {
  return new EvaluationError(EvaluationState.invalidEscapeSequence, "invalid escape string");
}

/** The character behind an escape: itself, or a separator of parts. */
function escapedCharacter(character: string, separators: number): string {
  if (character !== '"') return `\\${character}`;
  const separator = SEPARATORS[separators];
  if (separator === undefined) {
    throw new EvaluationError(
      "2200C",
      "SQL regular expression may not contain more than two escape-double-quote separators",
    );
  }
  return separator;
}

function translated(character: string): string {
  if (character === "%") return ".*";
  if (character === "_") return ".";
  if (character === "(") return "(?:";
  return META.has(character) ? `\\${character}` : character;
}

/** The regular expression that means what the pattern of SIMILAR TO means. */
function similarToRegex(pattern: string, escape: string): string {
  if (escape !== "" && characterCount(escape) !== 1) throw invalidEscape();
  let result = "^(?:";
  let separators = 0;
  for (let at = 0; at < pattern.length;) {
    const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    at += character.length;
    if (character === escape) {
      if (at >= pattern.length) break;
      const next = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
      at += next.length;
      result += escapedCharacter(next, separators);
      if (next === '"') separators++;
    } else if (character === "[") {
      const found = PLAIN_CLASS.exec(pattern.slice(at - 1));
      if (found === null || found[0].includes(escape === "" ? "\\" : escape))
        throw declined("such a class in SIMILAR TO");
      result += found[0];
      at += found[0].length - 1;
    } else {
      result += translated(character);
    }
  }
  return `${result})$`;
}

export const SIMILAR: FunctionTable = {
  similar_to_escape_1: (pattern: string) => similarToRegex(pattern, "\\"),
  similar_to_escape_2: similarToRegex,
};

export const NULLABLE_SIMILAR: Readonly<Record<string, NullableBuilder>> = {
  similar_escape: () => (pattern: string | null, escape: string | null) => {
    return pattern === null ? null : similarToRegex(pattern, escape ?? "\\");
  },
};
