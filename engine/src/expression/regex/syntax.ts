import type { CharacterSet } from "./character-set.ts";

/** A position that an assertion accepts. */
export type Assertion = "begin" | "end" | "line-begin" | "line-end" | "word-begin" | "word-end" | "word" | "no-word";

/** Whether a part would rather match much or little; null: it has no choice. */
export type Preference = "long" | "short" | null;

export type RegexNode =
  | { readonly kind: "character"; readonly set: CharacterSet }
  | { readonly kind: "assertion"; readonly assertion: Assertion }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "alternation"; readonly branches: readonly RegexNode[] }
  | { readonly kind: "group"; readonly index: number; readonly item: RegexNode }
  | {
      readonly kind: "repeat";
      readonly item: RegexNode;
      readonly min: number;
      /** Infinity: without limit. */
      readonly max: number;
      readonly preference: Preference;
    };

/** A parsed advanced regular expression (ARE) of PostgreSQL. */
export interface ParsedRegex {
  readonly root: RegexNode;
  readonly groups: number;
  /** Whether some quantifier is not greedy. */
  readonly hasShort: boolean;
  /** Whether it asks for classes of characters or ignores case, so that non-ASCII text depends on the locale. */
  readonly usesLocale: boolean;
}

/** The preference of a part, as PostgreSQL's rules of matching have it. */
export function preferenceOf(node: RegexNode): Preference {
  switch (node.kind) {
    case "character":
    case "assertion":
      return null;
    case "group":
      return preferenceOf(node.item);
    case "alternation":
      return "long";
    case "repeat":
      return node.preference ?? preferenceOf(node.item);
    case "sequence": {
      for (const item of node.items) {
        const preference = preferenceOf(item);
        if (preference !== null) return preference;
      }
      return null;
    }
  }
}

export function hasGroups(node: RegexNode): boolean {
  switch (node.kind) {
    case "group":
      return true;
    case "sequence":
      return node.items.some(hasGroups);
    case "alternation":
      return node.branches.some(hasGroups);
    case "repeat":
      return hasGroups(node.item);
    default:
      return false;
  }
}

/** Whether a part can match without taking a character. */
export function matchesNothing(node: RegexNode): boolean {
  switch (node.kind) {
    case "character":
      return false;
    case "assertion":
      return true;
    case "group":
      return matchesNothing(node.item);
    case "alternation":
      return node.branches.some(matchesNothing);
    case "sequence":
      return node.items.every(matchesNothing);
    case "repeat":
      return node.min === 0 || matchesNothing(node.item);
  }
}
