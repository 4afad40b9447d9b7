/** Helpers that see text as PostgreSQL does: as code points, where JavaScript has UTF-16 units. */

const SURROGATE = /[\ud800-\udfff]/;
const NON_ASCII = /[\u0080-\uffff]/;

export function hasSurrogates(text: string): boolean {
  return SURROGATE.test(text);
}

export function isAscii(text: string): boolean {
  return !NON_ASCII.test(text);
}

export function characterCount(text: string): number {
  if (!hasSurrogates(text)) return text.length;
  let count = 0;
  for (const _character of text) count++;
  return count;
}

/** Characters `from` (0-based) up to but not including `to`; both at least 0. */
export function characterSlice(text: string, from: number, to: number): string {
  if (!hasSurrogates(text)) return text.slice(from, to);
  return charactersOf(text).slice(from, to).join("");
}

/** 1-based character position of `part` in `text`; 0 when absent. */
export function characterPosition(text: string, part: string): number {
  const at = text.indexOf(part);
  return at <= 0 ? at + 1 : characterCount(text.slice(0, at)) + 1;
}

export function charactersOf(text: string): string[] {
  return Array.from(text);
}
