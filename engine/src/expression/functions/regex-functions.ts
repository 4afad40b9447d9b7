import { declined } from "../evaluation-error.ts";
import type { RegexFlags } from "../regex/parser.ts";
import { withFlag } from "../regex/parser.ts";
import { Regex, type Span, Subject } from "../regex/regex.ts";
import type { SetFunctionTable } from "../set-functions/set-function.ts";
import type { FunctionTable } from "./scalar-function.ts";
import { textArray } from "./text-arrays.ts";
import { isAscii } from "./text-units.ts";

/** Compiled expressions by flags and pattern: a pattern is a constant nearly always. */
const CACHE_LIMIT = 256;
const compiled = new Map<string, Regex>();

const PLAIN: RegexFlags = { ignoreCase: false, newlineStops: false, newlineAnchors: false };

interface Options {
  readonly flags: RegexFlags;
  readonly global: boolean;
}

/** The flags argument of the regexp_ functions. */
function optionsOf(text: string): Options {
  let flags = PLAIN;
  let global = false;
  for (const letter of text) {
    if (letter === "g") {
      global = true;
      continue;
    }
    const next = withFlag(flags, letter);
    if (next === undefined) throw declined(`the regular expression flag "${letter}"`);
    flags = next;
  }
  return { flags, global };
}

function regexOf(pattern: string, flags: RegexFlags): Regex {
  const { ignoreCase, newlineStops, newlineAnchors } = flags;
  const key = `${ignoreCase ? "i" : ""}${newlineStops ? "s" : ""}${newlineAnchors ? "a" : ""}/${pattern}`;
  let regex = compiled.get(key);
  if (regex === undefined) {
    regex = new Regex(pattern, flags);
    if (compiled.size >= CACHE_LIMIT) compiled.clear();
    compiled.set(key, regex);
  }
  return regex;
}

type Match = Exclude<Span, null>;

/** Matches one after another. Behind an empty match the search goes on one character later. */
function* matchesOf(regex: Regex, subject: Subject, start = 0): Generator<Match, void> {
  for (let from = start; from <= subject.codes.length;) {
    const match = regex.find(subject, from);
    if (match === undefined) return;
    yield match;
    from = match[1] === match[0] ? match[1] + 1 : match[1];
  }
}

/** Matches between which a text is split: not the empty ones at its ends or right behind another. */
function* separatorsOf(regex: Regex, subject: Subject): Generator<Match, void> {
  let previous = 0;
  for (const match of matchesOf(regex, subject)) {
    if (match[0] < subject.codes.length && match[1] > previous) yield match;
    previous = match[1];
  }
}

function slice(subject: Subject, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at++) text += String.fromCodePoint(subject.codes[at] as number);
  return text;
}

function spanText(subject: Subject, span: Span | undefined): string | null {
  return span === null || span === undefined ? null : slice(subject, span[0], span[1]);
}

/** `\1` to `\9` are groups, `\&` the whole match, `\\` a backslash; any other backslash stands for itself. */
function replacementOf(template: string, whole: string, groups: readonly (string | null)[]): string {
  return template.replace(/\\([1-9&\\])/g, (_match, what: string) => {
    if (what === "\\") return "\\";
    return what === "&" ? whole : (groups[Number(what) - 1] ?? "");
  });
}

/** The functions for one kind of collation. Under others than C only ASCII text has known letters and classes. */
class RegexFunctions {
  readonly #isC: boolean;

  constructor(isC: boolean) {
    this.#isC = isC;
  }

  #subject(regex: Regex, text: string): Subject {
    if (!this.#isC && regex.parsed.usesLocale && !isAscii(text)) {
      throw declined("a regular expression's classes on text that is not ASCII");
    }
    return new Subject(text);
  }

  test(text: string, pattern: string, flags: RegexFlags): boolean {
    const regex = regexOf(pattern, flags);
    return regex.test(this.#subject(regex, text));
  }

  like(text: string, pattern: string, flagText: string): boolean {
    const { flags, global } = optionsOf(flagText);
    if (global) throw declined("the flag g of regexp_like()");
    return this.test(text, pattern, flags);
  }

  /** `substring(text FROM pattern)`: the first group, or without groups the match. */
  substring(text: string, pattern: string): string | null {
    const regex = regexOf(pattern, PLAIN);
    if (regex.groups > 0) regex.requireGroups();
    const subject = this.#subject(regex, text);
    const match = regex.find(subject, 0);
    if (match === undefined) return null;
    return spanText(subject, regex.groups > 0 ? regex.groupsOf(subject, match)[0] : match);
  }

  match(text: string, pattern: string, flagText: string): Buffer | null {
    const { flags, global } = optionsOf(flagText);
    if (global) throw declined("the flag g of regexp_match()");
    const regex = regexOf(pattern, flags);
    regex.requireGroups();
    const subject = this.#subject(regex, text);
    const match = regex.find(subject, 0);
    if (match === undefined) return null;
    const spans = regex.groups > 0 ? regex.groupsOf(subject, match) : [match];
    return textArray(spans.map((span) => spanText(subject, span)));
  }

  /** Of every match, or without the flag g of the first one, the groups, or without groups the match. */
  *matchSets(text: string, pattern: string, flagText: string): Generator<(string | null)[], void> {
    const { flags, global } = optionsOf(flagText);
    const regex = regexOf(pattern, flags);
    regex.requireGroups();
    const subject = this.#subject(regex, text);
    for (const match of matchesOf(regex, subject)) {
      const spans = regex.groups > 0 ? regex.groupsOf(subject, match) : [match];
      yield spans.map((span) => spanText(subject, span));
      if (!global) return;
    }
  }

  /** Replaces the `nth` match from `start` on (0-based), or all of them when that is 0. */
  replace(text: string, pattern: string, template: string, flags: RegexFlags, nth: number, start = 0): string {
    const regex = regexOf(pattern, flags);
    const needsGroups = regex.groups > 0 && /\\[1-9]/.test(template);
    if (needsGroups) regex.requireGroups();
    const subject = this.#subject(regex, text);
    let result = "";
    let copied = 0;
    let count = 0;
    for (const match of matchesOf(regex, subject, start)) {
      count++;
      if (nth > 0 && count !== nth) continue;
      const spans = needsGroups ? regex.groupsOf(subject, match) : [];
      const groups = spans.map((span) => spanText(subject, span));
      result += slice(subject, copied, match[0]);
      result += replacementOf(template, slice(subject, match[0], match[1]), groups);
      copied = match[1];
      if (nth > 0) break;
    }
    return result + slice(subject, copied, subject.codes.length);
  }

  replaceFlagged(text: string, pattern: string, template: string, flagText: string): string {
    const { flags, global } = optionsOf(flagText);
    return this.replace(text, pattern, template, flags, global ? 0 : 1);
  }

  replaceFrom(text: string, pattern: string, template: string, start: number, nth: number, flagText: string): string {
    if (start < 1 || nth < 0) throw declined("such a start or count of regexp_replace()");
    return this.replace(text, pattern, template, optionsOf(flagText).flags, nth, start - 1);
  }

  split(text: string, pattern: string, flagText: string): string[] {
    const { flags, global } = optionsOf(flagText);
    if (global) throw declined("the flag g of a split by a regular expression");
    const regex = regexOf(pattern, flags);
    const subject = this.#subject(regex, text);
    const parts: string[] = [];
    let from = 0;
    for (const [start, end] of separatorsOf(regex, subject)) {
      parts.push(slice(subject, from, start));
      from = end;
    }
    parts.push(slice(subject, from, subject.codes.length));
    return parts;
  }

  count(text: string, pattern: string, start: number, flagText: string): number {
    const { flags, global } = optionsOf(flagText);
    if (start < 1 || global) throw declined("such a start or flag of regexp_count()");
    const regex = regexOf(pattern, flags);
    return [...matchesOf(regex, this.#subject(regex, text), start - 1)].length;
  }

  /** The `nth` match from `start` on (1-based), or one of its groups. */
  substr(text: string, pattern: string, start: number, nth: number, flagText: string, group: number): string | null {
    const { flags, global } = optionsOf(flagText);
    if (start < 1 || nth < 1 || group < 0 || global) throw declined("such arguments of regexp_substr()");
    const regex = regexOf(pattern, flags);
    if (group > 0) regex.requireGroups();
    const subject = this.#subject(regex, text);
    let count = 0;
    for (const match of matchesOf(regex, subject, start - 1)) {
      count++;
      if (count < nth) continue;
      // Without groups the match counts as the first.
      if (regex.groups === 0) return group > 1 ? null : spanText(subject, match);
      return spanText(subject, group > 0 ? regex.groupsOf(subject, match)[group - 1] : match);
    }
    return null;
  }
}

const IGNORING_CASE: RegexFlags = { ...PLAIN, ignoreCase: true };

/** The functions that return sets. */
function setsFor(isC: boolean): SetFunctionTable {
  const regex = new RegexFunctions(isC);
  function* matches(text: string, pattern: string, flags: string): Iterable<Buffer> {
    for (const groups of regex.matchSets(text, pattern, flags)) yield textArray(groups);
  }
  return {
    regexp_matches: matches,
    regexp_matches_no_flags: (text: string, pattern: string) => matches(text, pattern, ""),
    regexp_split_to_table: (text: string, pattern: string, flags: string) => regex.split(text, pattern, flags),
    regexp_split_to_table_no_flags: (text: string, pattern: string) => regex.split(text, pattern, ""),
  };
}

function tableFor(isC: boolean): FunctionTable {
  const regex = new RegexFunctions(isC);
  const matches = (text: string, pattern: string): boolean => regex.test(text, pattern, PLAIN);
  const matchesAnyCase = (text: string, pattern: string): boolean => regex.test(text, pattern, IGNORING_CASE);
  return {
    textregexeq: matches,
    textregexne: (text: string, pattern: string) => !matches(text, pattern),
    nameregexeq: matches,
    nameregexne: (text: string, pattern: string) => !matches(text, pattern),
    texticregexeq: matchesAnyCase,
    texticregexne: (text: string, pattern: string) => !matchesAnyCase(text, pattern),
    nameicregexeq: matchesAnyCase,
    nameicregexne: (text: string, pattern: string) => !matchesAnyCase(text, pattern),
    regexp_like: (text: string, pattern: string, flags: string) => regex.like(text, pattern, flags),
    regexp_like_no_flags: matches,
    textregexsubstr: (text: string, pattern: string) => regex.substring(text, pattern),
    regexp_match: (text: string, pattern: string, flags: string) => regex.match(text, pattern, flags),
    regexp_match_no_flags: (text: string, pattern: string) => regex.match(text, pattern, ""),
    regexp_split_to_array: (text: string, pattern: string, flags: string) =>
      textArray(regex.split(text, pattern, flags)),
    regexp_split_to_array_no_flags: (text: string, pattern: string) => textArray(regex.split(text, pattern, "")),
    ...replacements(regex),
    ...counts(regex),
  };
}

function replacements(regex: RegexFunctions): FunctionTable {
  return {
    textregexreplace_noopt: (text: string, pattern: string, to: string) => regex.replace(text, pattern, to, PLAIN, 1),
    textregexreplace: (text: string, pattern: string, to: string, flags: string) => {
      return regex.replaceFlagged(text, pattern, to, flags);
    },
    textregexreplace_extended_no_n: (text: string, pattern: string, to: string, start: number) => {
      return regex.replaceFrom(text, pattern, to, start, 1, "");
    },
    textregexreplace_extended_no_flags: (text: string, pattern: string, to: string, start: number, nth: number) => {
      return regex.replaceFrom(text, pattern, to, start, nth, "");
    },
  };
}

function counts(regex: RegexFunctions): FunctionTable {
  return {
    regexp_count: (text: string, pattern: string, start: number, flags: string) => {
      return regex.count(text, pattern, start, flags);
    },
    regexp_count_no_start: (text: string, pattern: string) => regex.count(text, pattern, 1, ""),
    regexp_count_no_flags: (text: string, pattern: string, start: number) => regex.count(text, pattern, start, ""),
    regexp_substr: (text: string, pattern: string, start: number, nth: number, flags: string, group: number) => {
      return regex.substr(text, pattern, start, nth, flags, group);
    },
    regexp_substr_no_start: (text: string, pattern: string) => regex.substr(text, pattern, 1, 1, "", 0),
    regexp_substr_no_n: (text: string, pattern: string, start: number) => regex.substr(text, pattern, start, 1, "", 0),
    regexp_substr_no_flags: (text: string, pattern: string, start: number, nth: number) => {
      return regex.substr(text, pattern, start, nth, "", 0);
    },
    regexp_substr_no_subexpr: (text: string, pattern: string, start: number, nth: number, flags: string) => {
      return regex.substr(text, pattern, start, nth, flags, 0);
    },
  };
}

export const REGEX_SETS: SetFunctionTable = setsFor(false);
export const C_REGEX_SETS: SetFunctionTable = setsFor(true);
export const REGEX_FUNCTIONS: FunctionTable = tableFor(false);
export const C_REGEX_FUNCTIONS: FunctionTable = tableFor(true);
