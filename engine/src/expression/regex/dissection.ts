import { compileProgram, type Program, type Subject } from "./program.ts";
import { hasGroups, type ParsedRegex, type RegexNode } from "./syntax.ts";

type GroupSpan = readonly [from: number, to: number] | null;
type Repeat = Extract<RegexNode, { kind: "repeat" }>;

/**
 * Divides a match among the groups of a greedy regular expression as PostgreSQL does: what begins earlier takes as much
 * as it can; of several branches the first that fits the span; of a repeated group the last round counts.
 */
export class Dissection {
  readonly #parsed: ParsedRegex;
  readonly #programs = new Map<RegexNode, Program>();
  readonly #segments = new Map<RegexNode, readonly RegexNode[]>();
  readonly #rests = new Map<RegexNode, readonly RegexNode[]>();
  readonly #lastRounds = new Map<RegexNode, RegexNode>();

  constructor(parsed: ParsedRegex) {
    this.#parsed = parsed;
  }

  /** The groups' spans within a match; undefined when it cannot be divided, which does not happen to matches. */
  dissect(subject: Subject, from: number, to: number): readonly GroupSpan[] | undefined {
    const spans: GroupSpan[] = Array.from({ length: this.#parsed.groups }, () => null);
    return this.#divide(this.#parsed.root, subject, from, to, spans) ? spans : undefined;
  }

  #program(node: RegexNode): Program {
    let program = this.#programs.get(node);
    if (program === undefined) {
      program = compileProgram(node);
      this.#programs.set(node, program);
    }
    return program;
  }

  #longest(node: RegexNode, subject: Subject, from: number, limit: number): number {
    return limit < from ? -1 : subject.extent(this.#program(node), from, limit);
  }

  #fits(node: RegexNode, subject: Subject, from: number, to: number): boolean {
    return this.#longest(node, subject, from, to) === to;
  }

  #divide(node: RegexNode, subject: Subject, from: number, to: number, spans: GroupSpan[]): boolean {
    if (!hasGroups(node)) return true;
    switch (node.kind) {
      case "group":
        if (!this.#divide(node.item, subject, from, to, spans)) return false;
        spans[node.index - 1] = [from, to];
        return true;
      case "alternation":
        return node.branches.some((branch) => {
          return this.#fits(branch, subject, from, to) && this.#divide(branch, subject, from, to, spans);
        });
      case "sequence":
        return this.#divideSequence(node, 0, subject, from, to, spans);
      case "repeat":
        if (node.max === 1 && node.min === 1) return this.#divide(node.item, subject, from, to, spans);
        if (node.min > 0) return this.#divide(this.#lastRound(node), subject, from, to, spans);
        // An empty span is one empty round, where a round can be empty.
        if (from === to) {
          return !this.#fits(node.item, subject, from, to) || this.#divide(node.item, subject, from, to, spans);
        }
        return this.#divideRounds(node, subject, from, to, spans);
      default:
        return true;
    }
  }

  /** Parts with groups stand alone; those between them are one part, which takes what it can as a whole. */
  #segmentsOf(node: Extract<RegexNode, { kind: "sequence" }>): readonly RegexNode[] {
    let segments = this.#segments.get(node);
    if (segments !== undefined) return segments;
    const found: RegexNode[] = [];
    let plain: RegexNode[] = [];
    const flush = (): void => {
      if (plain.length > 0) found.push({ kind: "sequence", items: plain });
      plain = [];
    };
    for (const item of node.items) {
      if (!hasGroups(item)) {
        plain.push(item);
        continue;
      }
      flush();
      found.push(item);
    }
    flush();
    segments = found;
    this.#segments.set(node, segments);
    this.#rests.set(
      node,
      segments.map((_, index) => ({ kind: "sequence", items: found.slice(index + 1) })),
    );
    return segments;
  }

  #divideSequence(
    node: Extract<RegexNode, { kind: "sequence" }>,
    index: number,
    subject: Subject,
    from: number,
    to: number,
    spans: GroupSpan[],
  ): boolean {
    const segments = this.#segmentsOf(node);
    const segment = segments[index];
    const rest = this.#rests.get(node)?.[index];
    if (segment === undefined || rest === undefined) return from === to;
    if (index === segments.length - 1) {
      return this.#fits(segment, subject, from, to) && this.#divide(segment, subject, from, to, spans);
    }
    for (let middle = this.#longest(segment, subject, from, to); middle >= 0;) {
      const divided =
        this.#fits(rest, subject, middle, to) &&
        this.#divide(segment, subject, from, middle, spans) &&
        this.#divideSequence(node, index + 1, subject, middle, to, spans);
      if (divided) return true;
      middle = this.#longest(segment, subject, from, middle - 1);
    }
    return false;
  }

  /** `x{m,n}` as `x{m-1,n-1}x`: only the last round's groups count. */
  #lastRound(node: Repeat): RegexNode {
    let found = this.#lastRounds.get(node);
    if (found === undefined) {
      const { item, min, max, preference } = node;
      const before: RegexNode = { kind: "repeat", item: withoutGroups(item), min: min - 1, max: max - 1, preference };
      found = { kind: "sequence", items: [before, item] };
      this.#lastRounds.set(node, found);
    }
    return found;
  }

  /** Rounds of a group that may be absent: each takes as much as it can, and gives back what later ones need. */
  #divideRounds(node: Repeat, subject: Subject, from: number, to: number, spans: GroupSpan[]): boolean {
    const maximum = Math.min(node.max, to - from);
    const ends = [from];
    let limit = to;
    for (let round = 1; round > 0;) {
      const previous = ends[round - 1] as number;
      const end = this.#longest(node.item, subject, previous, limit);
      ends[round] = end;
      if (end === to) {
        return ends.slice(1, round + 1).every((last, index) => {
          // What an earlier round has left in a group is not the last round's.
          clearGroups(node.item, spans);
          return this.#divide(node.item, subject, ends[index] as number, last, spans);
        });
      }
      if (end > previous && round < maximum) {
        round++;
        limit = to;
        continue;
      }
      if (end < 0 || round >= maximum) round--;
      // Shorten the latest round that can be shortened; empty rounds would lead nowhere.
      while (round > 0 && (ends[round] as number) - 1 <= (ends[round - 1] as number)) round--;
      if (round > 0) limit = (ends[round] as number) - 1;
    }
    return false;
  }
}

function clearGroups(node: RegexNode, spans: GroupSpan[]): void {
  switch (node.kind) {
    case "group":
      spans[node.index - 1] = null;
      clearGroups(node.item, spans);
      return;
    case "sequence":
      for (const item of node.items) clearGroups(item, spans);
      return;
    case "alternation":
      for (const branch of node.branches) clearGroups(branch, spans);
      return;
    case "repeat":
      clearGroups(node.item, spans);
      return;
    default:
  }
}

/** The same language without groups. */
function withoutGroups(node: RegexNode): RegexNode {
  switch (node.kind) {
    case "group":
      return withoutGroups(node.item);
    case "sequence":
      return { kind: "sequence", items: node.items.map(withoutGroups) };
    case "alternation":
      return { kind: "alternation", branches: node.branches.map(withoutGroups) };
    case "repeat":
      return { ...node, item: withoutGroups(node.item) };
    default:
      return node;
  }
}
