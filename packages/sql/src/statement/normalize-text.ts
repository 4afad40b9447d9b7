import { fromByteText, toByteText } from "../parser/byte-text.ts";
import { MAX_STATEMENT_LENGTH } from "../parser/parse-statements.ts";
import { type Token, tokens } from "../parser/tokenizer.ts";

const WORD_PART = /[A-Za-z0-9_$\u0080-\uffff]/;

/**
 * A text for people to recognise a query by: constants become `$n` (numbered behind the parameters it
 * has), comments go, white space becomes one space. Works on any text, valid or not, so no constant
 * (a password) shows up in lists of queries. Only the part that would be parsed counts.
 */
export function normalizeText(text: string): string {
  const bytes = toByteText(text.slice(0, MAX_STATEMENT_LENGTH));
  const all = [...tokens(bytes)];
  let next = 1 + highestParameter(bytes, all);
  const parts: string[] = [];
  let previous = "";
  let end = 0;
  for (const token of all) {
    const written = isConstant(token) ? `$${next++}` : bytes.slice(token.start, token.end);
    if (previous !== "" && (token.start > end || wouldMerge(previous, written))) parts.push(" ");
    parts.push(written);
    previous = written;
    end = token.end;
  }
  return fromByteText(parts.join("").replace(/ ?;$/, ""));
}

function wouldMerge(left: string, right: string): boolean {
  return WORD_PART.test(left.charAt(left.length - 1)) && WORD_PART.test(right.charAt(0));
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
