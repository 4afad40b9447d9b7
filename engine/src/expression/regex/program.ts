import { declined } from "../evaluation-error.ts";
import { type CharacterSet, isWordCharacter } from "./character-set.ts";
import type { Assertion, RegexNode } from "./syntax.ts";

/** An instruction of a nondeterministic automaton; `next` and `other` are positions in the program. */
type Instruction =
  | { readonly op: "character"; readonly set: CharacterSet; next: number }
  | { readonly op: "assertion"; readonly assertion: Assertion; next: number }
  | { readonly op: "split"; next: number; other: number }
  | { readonly op: "match" };

export type Program = readonly Instruction[];

/** Repetition counts are written out; larger programs are left to PostgreSQL. */
const MAX_PROGRAM = 4000;

/** The automaton of a part of a regular expression (Thompson's construction). */
export function compileProgram(node: RegexNode): Program {
  const program: Instruction[] = [];
  const emit = (instruction: Instruction): number => {
    if (program.length >= MAX_PROGRAM) throw declined("a very large regular expression");
    return program.push(instruction) - 1;
  };
  /** Emits `part` so that it goes on at `next`; returns its entry. Written from the end to the beginning. */
  const write = (part: RegexNode, next: number): number => {
    switch (part.kind) {
      case "character":
        return emit({ op: "character", set: part.set, next });
      case "assertion":
        return emit({ op: "assertion", assertion: part.assertion, next });
      case "group":
        return write(part.item, next);
      case "sequence":
        return part.items.reduceRight((entry, item) => write(item, entry), next);
      case "alternation":
        return part.branches
          .map((branch) => write(branch, next))
          .reduceRight((other, entry) => emit({ op: "split", next: entry, other }));
      case "repeat":
        return writeRepeat(part, next);
    }
  };
  const writeRepeat = (part: Extract<RegexNode, { kind: "repeat" }>, next: number): number => {
    let entry = next;
    if (part.max === Infinity) {
      const split = { op: "split" as const, next: 0, other: next };
      entry = emit(split);
      split.next = write(part.item, entry);
    } else {
      for (let count = part.min; count < part.max; count++) {
        entry = emit({ op: "split", next: write(part.item, entry), other: next });
      }
    }
    for (let count = 0; count < part.min; count++) entry = write(part.item, entry);
    return entry;
  };
  const match = emit({ op: "match" });
  const entry = write(node, match);
  // Programs start at their last instruction.
  emit({ op: "split", next: entry, other: entry });
  return program;
}

/** Steps after which a match is given up, so that no row can hold up the engine. */
const MAX_STEPS = 20_000_000;

/** The text that is searched, with the steps already spent on it. */
export class Subject {
  readonly codes: readonly number[];
  #steps = 0;
  /** Marks which instructions are in the set under construction. */
  #marks: Uint32Array = new Uint32Array(64);
  #generation = 0;

  constructor(text: string) {
    this.codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  }

  /** Whether the program matches anywhere from `from` on. */
  contains(program: Program, from: number): boolean {
    return this.#run(program, from, this.codes.length, true, true) >= 0;
  }

  /** The end of the longest (or shortest) match that begins at `from` and ends at `limit` at the latest; -1: none. */
  extent(program: Program, from: number, limit: number, shortest = false): number {
    return this.#run(program, from, limit, false, shortest);
  }

  #run(program: Program, from: number, limit: number, anywhere: boolean, first: boolean): number {
    let current: number[] = [];
    let found = -1;
    for (let at = from; at <= limit; at++) {
      this.#nextGeneration(program.length);
      const states: number[] = [];
      let matched = false;
      for (const state of current) matched = this.#close(program, state, at, states) || matched;
      if (at === from || anywhere) matched = this.#close(program, program.length - 1, at, states) || matched;
      if (matched) {
        found = at;
        if (first) return found;
      }
      if (states.length === 0 && !anywhere) return found;
      if (at === limit) break;
      current = this.#advance(program, states, this.codes[at] as number);
    }
    return found;
  }

  #nextGeneration(length: number): void {
    if (this.#marks.length < length) this.#marks = new Uint32Array(length);
    this.#generation++;
  }

  #advance(program: Program, states: readonly number[], code: number): number[] {
    this.#steps += states.length + 1;
    if (this.#steps > MAX_STEPS) throw declined("a regular expression over so long a text");
    const next: number[] = [];
    for (const state of states) {
      const instruction = program[state];
      if (instruction?.op === "character" && instruction.set(code)) next.push(instruction.next);
    }
    return next;
  }

  /** Adds what can be reached without a character to `states`; whether the end is among it. */
  #close(program: Program, start: number, at: number, states: number[]): boolean {
    let matched = false;
    const pending = [start];
    for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
      if (this.#marks[state] === this.#generation) continue;
      this.#marks[state] = this.#generation;
      const instruction = program[state];
      switch (instruction?.op) {
        case "character":
          states.push(state);
          break;
        case "assertion":
          if (this.#holds(instruction.assertion, at)) pending.push(instruction.next);
          break;
        case "split":
          pending.push(instruction.next, instruction.other);
          break;
        case "match":
          matched = true;
          break;
        case undefined:
          break;
      }
    }
    return matched;
  }

  #holds(assertion: Assertion, at: number): boolean {
    switch (assertion) {
      case "begin":
        return at === 0;
      case "end":
        return at === this.codes.length;
      case "line-begin":
        return at === 0 || this.codes[at - 1] === 0x0a;
      case "line-end":
        return at === this.codes.length || this.codes[at] === 0x0a;
      case "word-begin":
        return !this.#isWord(at - 1) && this.#isWord(at);
      case "word-end":
        return this.#isWord(at - 1) && !this.#isWord(at);
      case "word":
        return this.#isWord(at - 1) !== this.#isWord(at);
      case "no-word":
        return this.#isWord(at - 1) === this.#isWord(at);
    }
  }

  #isWord(at: number): boolean {
    const code = this.codes[at];
    return code !== undefined && isWordCharacter(code);
  }
}
