import { type CharacterSet, type ClassRanges, classRanges, setOf } from "./character-set.ts";
import type { Assertion, ParsedRegex, Preference, RegexNode } from "./syntax.ts";
import { matchesNothing } from "./syntax.ts";
import { declined } from "../evaluation-error.ts";

/** How a regular expression is read. */
export interface RegexFlags {
  readonly ignoreCase: boolean;
  /** `.` and `[^…]` do not match a newline. */
  readonly newlineStops: boolean;
  /** `^` and `$` match at lines. */
  readonly newlineAnchors: boolean;
}

/** DUPMAX, the bound of repetition counts. */
const MAX_COUNT = 255;
const MAX_DEPTH = 50;
const NEWLINE = 0x0a;

const ESCAPED_CHARACTERS: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  B: 0x5c,
  e: 0x1b,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
};
const ESCAPED_CLASSES: Readonly<Record<string, string>> = { d: "digit", s: "space", w: "word" };
const ESCAPED_ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: "begin",
  Z: "end",
  m: "word-begin",
  M: "word-end",
  y: "word",
  Y: "no-word",
};

interface Quantifier {
  readonly min: number;
  readonly max: number;
  readonly preference: Preference;
}

/**
 * Reads PostgreSQL's advanced regular expressions. What is an error there, and what is not followed here (back
 * references, look-around, collating elements, the other dialects), is declined.
 */
export class RegexParser {
  readonly #pattern: readonly string[];
  #flags: RegexFlags;
  #at = 0;
  #groups = 0;
  #depth = 0;
  #assertions = 0;
  #hasShort = false;
  #usesLocale: boolean;

  constructor(pattern: string, flags: RegexFlags) {
    this.#pattern = Array.from(pattern);
    this.#flags = flags;
    this.#usesLocale = flags.ignoreCase;
  }

  parse(): ParsedRegex {
    if (this.#pattern.slice(0, 3).join("") === "***") throw this.#refused("a director (***)");
    this.#embeddedOptions();
    const root = this.#alternation();
    if (this.#at < this.#pattern.length) throw this.#refused("an unmatched parenthesis");
    return { root, groups: this.#groups, hasShort: this.#hasShort, usesLocale: this.#usesLocale };
  }

  #refused(what: string): Error {
    return declined(`a regular expression with ${what}`);
  }

  #peek(ahead = 0): string | undefined {
    return this.#pattern[this.#at + ahead];
  }

  #take(): string {
    const character = this.#pattern[this.#at];
    if (character === undefined) throw this.#refused("an unexpected end");
    this.#at++;
    return character;
  }

  #takeIf(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  /** `(?i)` and the like at the very beginning. */
  #embeddedOptions(): void {
    if (this.#peek() !== "(" || this.#peek(1) !== "?" || !/[a-z]/.test(this.#peek(2) ?? "")) return;
    this.#at = 2;
    for (let option = this.#take(); option !== ")"; option = this.#take()) {
      const flags = withFlag(this.#flags, option);
      if (flags === undefined) throw this.#refused(`the option "${option}"`);
      this.#flags = flags;
    }
    if (this.#flags.ignoreCase) this.#usesLocale = true;
  }

  #alternation(): RegexNode {
    if (++this.#depth > MAX_DEPTH) throw this.#refused("deep nesting");
    const first = this.#sequence();
    const branches = [first];
    while (this.#takeIf("|")) branches.push(this.#sequence());
    this.#depth--;
    return branches.length === 1 ? first : { kind: "alternation", branches };
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      const assertionsBefore = this.#assertions;
      const atom = this.#atom();
      const quantifier = this.#quantifier();
      if (quantifier === undefined) {
        items.push(atom);
        continue;
      }
      if (atom.kind === "assertion") throw this.#refused("a quantifier behind an assertion");
      if (this.#quantifier() !== undefined) throw this.#refused("two quantifiers in a row");
      // PostgreSQL unrolls such loops while it compiles, and may give up: "regular expression is too complex".
      if (quantifier.max > 1 && this.#assertions > assertionsBefore && matchesNothing(atom))
        throw this.#refused("an assertion within a repetition that can match nothing");
      if (quantifier.preference === "short") this.#hasShort = true;
      items.push({ kind: "repeat", item: atom, ...quantifier });
    }
    return { kind: "sequence", items };
  }

  #quantifier(): Quantifier | undefined {
    switch (this.#peek()) {
      case "*":
        this.#at++;
        return { min: 0, max: Infinity, preference: this.#greediness() };
      case "+":
        this.#at++;
        return { min: 1, max: Infinity, preference: this.#greediness() };
      case "?":
        this.#at++;
        return { min: 0, max: 1, preference: this.#greediness() };
      case "{":
        return this.#bounds();
      default:
        return undefined;
    }
  }

  #greediness(): "long" | "short" {
    return this.#takeIf("?") ? "short" : "long";
  }

  /** `{m}`, `{m,}`, `{m,n}`; a brace before anything but a digit is a character. */
  #bounds(): Quantifier | undefined {
    if (!/[0-9]/.test(this.#peek(1) ?? "")) return undefined;
    this.#at++;
    const min = this.#count();
    let max = min;
    const isRange = this.#takeIf(",");
    if (isRange) max = this.#peek() === "}" ? Infinity : this.#count();
    if (!this.#takeIf("}") || max < min || max === 0) throw this.#refused("such repetition counts");
    const greediness = this.#greediness();
    // An exact count leaves the preference to what is repeated.
    if (!isRange && greediness === "short") throw this.#refused("a non-greedy exact count");
    return { min, max, preference: isRange ? greediness : null };
  }

  #count(): number {
    let text = "";
    while (/[0-9]/.test(this.#peek() ?? "") && text.length < 4) text += this.#take();
    const count = text === "" ? Infinity : Number(text);
    if (count > MAX_COUNT) throw this.#refused("such repetition counts");
    return count;
  }

  #atom(): RegexNode {
    const character = this.#take();
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "character", set: this.#bracket() };
      case ".":
        return { kind: "character", set: this.#flags.newlineStops ? (code) => code !== NEWLINE : () => true };
      case "^":
        return this.#assertion(this.#flags.newlineAnchors ? "line-begin" : "begin");
      case "$":
        return this.#assertion(this.#flags.newlineAnchors ? "line-end" : "end");
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        throw this.#refused("a quantifier of nothing");
      case "{":
        if (/[0-9]/.test(this.#peek() ?? "")) throw this.#refused("a quantifier of nothing");
        return this.#literal(character);
      default:
        return this.#literal(character);
    }
  }

  #assertion(assertion: Assertion): RegexNode {
    this.#assertions++;
    return { kind: "assertion", assertion };
  }

  #literal(character: string): RegexNode {
    const code = character.codePointAt(0) ?? 0;
    if (this.#flags.ignoreCase && code >= 0x80) throw this.#refused("letters that are not ASCII, ignoring case");
    return { kind: "character", set: setOf([[code, code]], this.#flags.ignoreCase) };
  }

  #group(): RegexNode {
    if (this.#takeIf("?")) {
      if (!this.#takeIf(":")) throw this.#refused("look-around");
      return this.#closed(this.#alternation());
    }
    this.#groups++;
    const index = this.#groups;
    return { kind: "group", index, item: this.#closed(this.#alternation()) };
  }

  #closed(node: RegexNode): RegexNode {
    if (!this.#takeIf(")")) throw this.#refused("an unmatched parenthesis");
    return node;
  }

  #classSet(name: string, negated: boolean): CharacterSet {
    this.#usesLocale = true;
    const ranges = classRanges(name, this.#flags.ignoreCase) ?? [];
    // Unlike a negated bracket, `\\W` and its like match newlines in every mode.
    return setOf(ranges, false, negated);
  }

  #escape(): RegexNode {
    const character = this.#take();
    const assertion = Object.hasOwn(ESCAPED_ASSERTIONS, character) ? ESCAPED_ASSERTIONS[character] : undefined;
    if (assertion !== undefined) {
      if (assertion !== "begin" && assertion !== "end") this.#usesLocale = true;
      return this.#assertion(assertion);
    }
    const lower = character.toLowerCase();
    const name = Object.hasOwn(ESCAPED_CLASSES, lower) ? ESCAPED_CLASSES[lower] : undefined;
    if (name !== undefined) return { kind: "character", set: this.#classSet(name, character !== lower) };
    const code = this.#escapedCode(character);
    return this.#literal(String.fromCodePoint(code));
  }

  /** The character that an escape stands for; punctuation stands for itself. */
  #escapedCode(character: string): number {
    const code = Object.hasOwn(ESCAPED_CHARACTERS, character) ? ESCAPED_CHARACTERS[character] : undefined;
    if (code !== undefined) return code;
    if (character === "u") {
      const digits = this.#pattern.slice(this.#at, this.#at + 4).join("");
      const value = Number.parseInt(digits, 16);
      if (!/^[0-9a-fA-F]{4}$/.test(digits) || value === 0 || (value >= 0xd800 && value <= 0xdfff)) {
        throw this.#refused("such an escape");
      }
      this.#at += 4;
      return value;
    }
    if (/[0-9A-Za-z]/.test(character) || character.codePointAt(0) === undefined) {
      throw this.#refused(`the escape "\\${character}"`);
    }
    // Whether other characters than ASCII count as letters here depends on the locale.
    const own = character.codePointAt(0) ?? 0;
    if (own >= 0x80) throw this.#refused(`the escape "\\${character}"`);
    return own;
  }

  #bracket(): CharacterSet {
    const negated = this.#takeIf("^");
    const ranges: [number, number][] = [];
    const add = (found: ClassRanges): void => {
      for (const [first, last] of found) ranges.push([first, last]);
    };
    for (let isFirst = true; isFirst || this.#peek() !== "]"; isFirst = false) {
      const item = this.#bracketItem();
      if (typeof item !== "number") {
        add(item);
        if (this.#peek() === "-" && this.#peek(1) !== "]") throw this.#refused("a range from a class");
        continue;
      }
      let last = item;
      if (this.#peek() === "-" && this.#peek(1) !== "]" && this.#peek(1) !== undefined) {
        this.#at++;
        const end = this.#bracketItem();
        if (typeof end !== "number" || end < item) throw this.#refused("such a range");
        last = end;
      }
      if (this.#flags.ignoreCase && last >= 0x80) throw this.#refused("letters that are not ASCII, ignoring case");
      ranges.push([item, last]);
    }
    this.#at++;
    const set = setOf(ranges, this.#flags.ignoreCase, negated);
    return negated && this.#flags.newlineStops ? (code) => code !== NEWLINE && set(code) : set;
  }

  /** A character or a class. */
  #bracketItem(): number | ClassRanges {
    const character = this.#take();
    if (character === "[" && /[:.=]/.test(this.#peek() ?? "")) return this.#namedClass();
    if (character !== "\\") return character.codePointAt(0) ?? 0;
    const escaped = this.#take();
    const name = Object.hasOwn(ESCAPED_CLASSES, escaped) ? ESCAPED_CLASSES[escaped] : undefined;
    if (name === undefined) return this.#escapedCode(escaped);
    this.#usesLocale = true;
    return classRanges(name, this.#flags.ignoreCase) ?? [];
  }

  /** `[:name:]`. */
  #namedClass(): ClassRanges {
    if (!this.#takeIf(":")) throw this.#refused("collating elements");
    let name = "";
    while (/[a-z]/.test(this.#peek() ?? "")) name += this.#take();
    const ranges = classRanges(name, this.#flags.ignoreCase);
    if (ranges === undefined || !this.#takeIf(":") || !this.#takeIf("]")) throw this.#refused("such a class");
    this.#usesLocale = true;
    return ranges;
  }
}

/** The flags with one more option letter; undefined for those that are not followed here. */
export function withFlag(flags: RegexFlags, option: string): RegexFlags | undefined {
  switch (option) {
    case "i":
      return { ...flags, ignoreCase: true };
    case "c":
      return { ...flags, ignoreCase: false };
    case "n":
    case "m":
      return { ...flags, newlineStops: true, newlineAnchors: true };
    case "s":
      return { ...flags, newlineStops: false, newlineAnchors: false };
    case "t":
      return flags;
    default:
      return undefined;
  }
}
