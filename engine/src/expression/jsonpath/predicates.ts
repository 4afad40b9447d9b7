import { must } from "@freshet/base";
import { declined } from "../evaluation-error.ts";
import { isAscii } from "../functions/text-units.ts";
import { Subject } from "../regex/regex.ts";
import { compare, type Truth } from "./comparison.ts";
import { type JsonItem, notKnown } from "./json-item.ts";
import type { PathPattern, PathStep } from "./syntax.ts";

/** What a predicate says of one pair of items; the second is null where it takes only one. */
export type PairTest = (a: JsonItem, b: JsonItem | null) => Truth;

type Tested = PathStep & { readonly kind: "comparison" | "starts-with" | "like-regex" };

function textOf(item: JsonItem | null): string | undefined {
  if (item?.kind === "unknown") throw notKnown();
  return item?.kind === "string" ? item.value : undefined;
}

function matches(text: string, pattern: PathPattern): boolean {
  if ("text" in pattern) return text.includes(pattern.text);
  if (pattern.regex.parsed.usesLocale && !isAscii(text))
    throw declined("a regular expression's classes on text that is not ASCII");
  return pattern.regex.test(new Subject(text));
}

/** Steps that are true, false or unknown. */
const BOOLEAN_STEPS: ReadonlySet<PathStep["kind"]> = new Set<PathStep["kind"]>([
  "and",
  "or",
  "not",
  "is-unknown",
  "comparison",
  "exists",
  "starts-with",
  "like-regex",
]);

export function isPredicate({ kind }: PathStep): boolean {
  return BOOLEAN_STEPS.has(kind);
}

export function testOf(step: Tested): PairTest {
  switch (step.kind) {
    case "comparison":
      return (a, b) => compare(step.operator, a, must(b));
    case "starts-with":
      return (whole, initial) => {
        const [text, start] = [textOf(whole), textOf(initial)];
        return text === undefined || start === undefined ? null : text.startsWith(start);
      };
    case "like-regex":
      return (subject) => {
        const text = textOf(subject);
        return text === undefined ? null : matches(text, step.pattern);
      };
  }
}

/** True where some pair passes. In strict mode every pair must be free of errors. */
export function somePair(
  lefts: readonly JsonItem[],
  rights: readonly (JsonItem | null)[],
  test: PairTest,
  isLax: boolean,
): Truth {
  let [isTrue, isUnknown] = [false, false];
  for (const a of lefts) {
    for (const b of rights) {
      const truth = test(a, b);
      if (truth === null) {
        if (!isLax) return null;
        isUnknown = true;
      } else if (truth) {
        if (isLax) return true;
        isTrue = true;
      }
    }
  }
  if (isTrue) return true;
  return isUnknown ? null : false;
}
