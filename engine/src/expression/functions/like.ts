import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import type { FunctionTable } from "./scalar-function.ts";
import { charactersOf, isAscii } from "./text-units.ts";

type Matcher = (text: string) => boolean;

/** Compiled patterns by their text: a pattern is a constant nearly always. */
const CACHE_LIMIT = 256;

function escapeForRegExp(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** One piece of a pattern: a run of plain text, or a wildcard. */
type Piece = { readonly kind: "text"; text: string } | { readonly kind: "one" | "any" };

function parsePattern(pattern: string): Piece[] {
  const pieces: Piece[] = [];
  const characters = charactersOf(pattern);
  for (let at = 0; at < characters.length; at++) {
    let character = characters[at] as string;
    if (character === "%" || character === "_") {
      pieces.push({ kind: character === "%" ? "any" : "one" });
      continue;
    }
    if (character === "\\") {
      at++;
      // PostgreSQL complains only when the match gets as far as the stray escape.
      if (at === characters.length) throw danglingEscape();
      character = characters[at] as string;
    }
    const last = pieces.at(-1);
    if (last?.kind === "text") last.text += character;
    else pieces.push({ kind: "text", text: character });
  }
  return pieces;
}

function danglingEscape(): EvaluationError {
  return new EvaluationError(
    EvaluationState.invalidEscapeSequence,
    "LIKE pattern must not end with escape character",
    true,
  );
}

/** The common shapes (`text`, `text%`, `%text`, `%text%`) without a regular expression. */
function compilePattern(pattern: string): Matcher {
  const pieces = parsePattern(pattern);
  const [first, second, third] = pieces;
  if (first === undefined) return (text) => text === "";
  if (pieces.length === 1 && first.kind === "text") return (text) => text === first.text;
  if (pieces.length === 2 && first.kind === "text" && second?.kind === "any") {
    return (text) => text.startsWith(first.text);
  }
  if (pieces.length === 2 && first.kind === "any" && second?.kind === "text") {
    return (text) => text.endsWith(second.text);
  }
  if (pieces.length === 3 && first.kind === "any" && second?.kind === "text" && third?.kind === "any") {
    return (text) => text.includes(second.text);
  }
  const source = pieces.map((piece) => {
    if (piece.kind === "text") return escapeForRegExp(piece.text);
    return piece.kind === "any" ? "[^]*" : "[^]";
  });
  const regExp = new RegExp(`^${source.join("")}$`, "u");
  return (text) => regExp.test(text);
}

const compiled = new Map<string, Matcher>();

function matcher(pattern: string): Matcher {
  let found = compiled.get(pattern);
  if (found === undefined) {
    found = compilePattern(pattern);
    if (compiled.size >= CACHE_LIMIT) compiled.clear();
    compiled.set(pattern, found);
  }
  return found;
}

/** More wildcards than these could make a backtracking match explode. */
const MAX_ANY = 8;

export function like(text: string, pattern: string): boolean {
  if (pattern.length > MAX_ANY && pattern.split("%").length > MAX_ANY + 1)
    throw declined("a LIKE pattern of many parts");
  return matcher(pattern)(text);
}

function ilike(text: string, pattern: string): boolean {
  if (!isAscii(text) || !isAscii(pattern)) throw declined("ILIKE on text that is not ASCII");
  return like(text.toLowerCase(), pattern.toLowerCase());
}

export const LIKE_FUNCTIONS: FunctionTable = {
  textlike: like,
  textnlike: (text: string, pattern: string) => !like(text, pattern),
  texticlike: ilike,
  texticnlike: (text: string, pattern: string) => !ilike(text, pattern),
  namelike: like,
  namenlike: (text: string, pattern: string) => !like(text, pattern),
};
