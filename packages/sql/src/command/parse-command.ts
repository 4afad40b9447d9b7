import type { Command } from "./command.ts";
import { nextToken } from "../parser/tokenizer.ts";
import { readCommand } from "./read-command.ts";

/** The words that begin Freshet's commands, and none of PostgreSQL's statements. */
const BEGINNINGS: readonly (readonly string[])[] = [
  ["create", "cache"],
  ["drop", "cache"],
  ["drop", "all", "caches"],
  ["show", "caches"],
  ["show", "proxied", "queries"],
  ["show", "freshet", "status"],
  ["explain", "create", "cache"],
  ["explain", "last", "statement"],
];

/**
 * Null when the text is not one of Freshet's commands. Else a function that yields the command, or
 * throws a FreshetError that tells what is wrong with it. Looks at the first words only.
 */
export function parseCommand(text: string): (() => Command) | null {
  const words: string[] = [];
  let possible = BEGINNINGS;
  for (let at = 0; possible.length > 0;) {
    const token = nextToken(text, at);
    if (token === null || token.kind !== "word") return null;
    words.push(text.slice(token.start, token.end).toLowerCase());
    possible = possible.filter((beginning) => beginning[words.length - 1] === words[words.length - 1]);
    at = token.end;
    if (possible.some((beginning) => beginning.length === words.length)) {
      return words[0] === "show" && isSettingName(text, at) ? null : (): Command => readCommand(text);
    }
  }
  return null;
}

/** `SHOW caches.size` shows a setting of PostgreSQL's. */
function isSettingName(text: string, at: number): boolean {
  const next = nextToken(text, at);
  return next !== null && text[next.start] === ".";
}
