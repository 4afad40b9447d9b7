import { like } from "./like.ts";
import type { FunctionTable } from "./scalar-function.ts";

/** Letter case under the collation C: only ASCII letters have any. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function asciiUpper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function initialCapitals(text: string): string {
  return asciiLower(text).replace(/[a-z0-9]+/g, (word) => word.charAt(0).toUpperCase() + word.slice(1));
}

function ilike(text: string, pattern: string): boolean {
  return like(asciiLower(text), asciiLower(pattern));
}

/** Functions that need not decline anything under the collation C. */
export const C_COLLATION: FunctionTable = {
  lower: asciiLower,
  upper: asciiUpper,
  initcap: initialCapitals,
  texticlike: ilike,
  texticnlike: (text: string, pattern: string) => !ilike(text, pattern),
};
