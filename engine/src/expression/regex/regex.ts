import { must } from "@freshet/base";
import { declined } from "../evaluation-error.ts";
import { Dissection } from "./dissection.ts";
import { type RegexFlags, RegexParser } from "./parser.ts";
import { compileProgram, type Program, Subject } from "./program.ts";
import { type ParsedRegex, preferenceOf } from "./syntax.ts";

/** Where a part of the text begins and ends, in characters; null for a group that took no part. */
export type Span = readonly [from: number, to: number] | null;

/** A compiled regular expression. Time is linear in the text for tests; memory of automata is bounded. */
export class Regex {
  readonly parsed: ParsedRegex;
  readonly #program: Program;
  readonly #shortest: boolean;
  #dissection: Dissection | undefined;

  constructor(pattern: string, flags: RegexFlags) {
    this.parsed = new RegexParser(pattern, flags).parse();
    this.#program = compileProgram(this.parsed.root);
    this.#shortest = preferenceOf(this.parsed.root) === "short";
  }

  get groups(): number {
    return this.parsed.groups;
  }

  test(subject: Subject): boolean {
    return subject.contains(this.#program, 0);
  }

  /** The leftmost match from `from` on, as long or as short as the expression as a whole prefers. */
  find(subject: Subject, from: number): Exclude<Span, null> | undefined {
    if (!subject.contains(this.#program, from)) return undefined;
    for (let start = from; start <= subject.codes.length; start++) {
      const end = subject.extent(this.#program, start, subject.codes.length, this.#shortest);
      if (end >= 0) return [start, end];
    }
    return undefined;
  }

  /** Refuses an expression whose groups are not followed here. */
  requireGroups(): void {
    if (this.parsed.groups > 0 && this.parsed.hasShort) {
      throw declined("a regular expression with groups and non-greedy quantifiers");
    }
  }

  /** The spans of the groups of a match, the first group's first. */
  groupsOf(subject: Subject, match: Exclude<Span, null>): readonly Span[] {
    this.requireGroups();
    this.#dissection ??= new Dissection(this.parsed);
    return must(this.#dissection.dissect(subject, match[0], match[1]), "a match that cannot be divided");
  }
}

export { Subject };
