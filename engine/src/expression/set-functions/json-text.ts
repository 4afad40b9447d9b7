/** Looks into well-formed JSON text, white space and all; a part is given as it is written. */

const SPACE = new Set([" ", "\t", "\n", "\r"]);

function skipSpace(text: string, at: number): number {
  let next = at;
  while (SPACE.has(text.charAt(next))) next++;
  return next;
}

/** Position behind the string that starts at `at`. */
function skipString(text: string, at: number): number {
  let next = at + 1;
  while (next < text.length && text.charAt(next) !== '"') next += text.charAt(next) === "\\" ? 2 : 1;
  return next + 1;
}

/** Position behind the value that starts at `at`. */
function skipValue(text: string, at: number): number {
  if (text.charAt(at) === '"') return skipString(text, at);
  let depth = 0;
  for (let next = at; next < text.length; next++) {
    const character = text.charAt(next);
    if (character === '"') next = skipString(text, next) - 1;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") {
      if (depth <= 1) return depth === 0 ? next : next + 1;
      depth--;
    } else if (depth === 0 && (character === "," || SPACE.has(character))) return next;
  }
  return text.length;
}

/** What kind of value a text is. */
export function jsonKind(text: string): "object" | "array" | "scalar" {
  const first = text.charAt(skipSpace(text, 0));
  if (first === "{") return "object";
  return first === "[" ? "array" : "scalar";
}

/** The texts of an array's elements. */
export function* jsonElements(text: string): Iterable<string> {
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charAt(at) !== "]") {
    const end = skipValue(text, at);
    yield text.slice(at, end);
    at = skipSpace(text, end);
    if (text.charAt(at) === ",") at = skipSpace(text, at + 1);
  }
}

/** The keys (as literals) and the texts of the values of an object's members. */
export function* jsonMembers(text: string): Iterable<readonly [key: string, value: string]> {
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charAt(at) !== "}") {
    const keyEnd = skipString(text, at);
    const valueAt = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, valueAt);
    yield [text.slice(at, keyEnd), text.slice(valueAt, end)];
    at = skipSpace(text, end);
    if (text.charAt(at) === ",") at = skipSpace(text, at + 1);
  }
}
