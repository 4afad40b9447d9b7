/**
 * Looks into jsonb's own text, which is canonical (`{"a": 1, "b": [1, 2]}`): a part of it is again
 * the text jsonb prints for that part. The text is well-formed, so nothing is checked.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Position behind the string that starts at `at`. */
export function skipString(text: string, at: number): number {
  for (let next = at + 1; ; next++) {
    const unit = text.charCodeAt(next);
    if (unit === BACKSLASH) next++;
    else if (unit === QUOTE || Number.isNaN(unit)) return next + 1;
  }
}

/** Position behind the value that starts at `at`: the comma or bracket that follows, or the end. */
function skipValue(text: string, at: number): number {
  let depth = 0;
  for (let next = at; next < text.length; next++) {
    const character = text.charAt(next);
    if (character === '"') next = skipString(text, next) - 1;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") {
      if (depth === 0) return next;
      depth--;
    } else if (character === "," && depth === 0) return next;
  }
  return text.length;
}

export function isObject(text: string): boolean {
  return text.startsWith("{");
}

export function isArray(text: string): boolean {
  return text.startsWith("[");
}

/** The string a JSON string literal stands for. */
export function unquote(literal: string): string {
  return literal.includes("\\") ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}

/** The members of an object's text, in their order. */
export function* membersOf(text: string): Generator<readonly [key: string, value: string], void> {
  let at = 1;
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = skipString(text, at);
    const valueStart = keyEnd + 2;
    const valueEnd = skipValue(text, valueStart);
    yield [unquote(text.slice(at, keyEnd)), text.slice(valueStart, valueEnd)];
    at = valueEnd + 2;
  }
}

/** The value of `key`'s member; undefined when there is none or `text` is no object. */
export function memberOf(text: string, key: string): string | undefined {
  if (!isObject(text)) return undefined;
  for (const [name, value] of membersOf(text)) if (name === key) return value;
  return undefined;
}

/** The elements of an array's text. */
export function elementsOf(text: string): string[] {
  const elements: string[] = [];
  let at = 1;
  while (at < text.length - 1) {
    const end = skipValue(text, at);
    elements.push(text.slice(at, end));
    at = text.charCodeAt(end) === COMMA ? end + 2 : end + 1;
  }
  return elements;
}
