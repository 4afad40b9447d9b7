import { fromByteText, toByteText } from "../parser/byte-text.ts";
import { type Token, tokens } from "../parser/tokenizer.ts";

/**
 * A text for people to recognise a query by: constants become `$n` (numbered behind the parameters it
 * has), comments go, white space becomes one space. Works on any text, valid or not, so no constant
 * (a password) shows up in lists of queries.
 */
export function normalizeText(text: string): string {
  const bytes = toByteText(text);
  const all = [...tokens(bytes)];
  let next = 1 + highestParameter(bytes, all);
  let normalized = "";
  let end = 0;
  for (const token of all) {
    const written = isConstant(token) ? `$${next++}` : bytes.slice(token.start, token.end);
    if (normalized !== "" && (token.start > end || wouldMerge(normalized, written))) normalized += " ";
    normalized += written;
    end = token.end;
  }
  return fromByteText(normalized.replace(/ ?;$/, ""));
}

function wouldMerge(left: string, right: string): boolean {
  return /[A-Za-z0-9_$\u0080-\uffff]$/.test(left) && /^[A-Za-z0-9_$\u0080-\uffff]/.test(right);
}

function isConstant(token: Token): boolean {
  return token.kind === "string" || token.kind === "number" || token.kind === "broken";
}

function highestParameter(bytes: string, all: readonly Token[]): number {
  let highest = 0;
  for (const token of all) {
    const number = token.kind === "parameter" ? Number(bytes.slice(token.start + 1, token.end)) : 0;
    if (number > highest && number <= 65_535) highest = number;
  }
  return highest;
}
