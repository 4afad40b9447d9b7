import { expect, test } from "vitest";
import { EvaluationError } from "../evaluation-error.ts";
import { Regex, Subject } from "./regex.ts";

const PLAIN = { ignoreCase: false, newlineStops: false, newlineAnchors: false };

function find(pattern: string, text: string): string | undefined {
  const subject = new Subject(text);
  const match = new Regex(pattern, PLAIN).find(subject, 0);
  return match && text.slice(match[0], match[1]);
}

function groups(pattern: string, text: string): readonly (string | null)[] | undefined {
  const subject = new Subject(text);
  const regex = new Regex(pattern, PLAIN);
  const match = regex.find(subject, 0);
  return match && regex.groupsOf(subject, match).map((span) => (span === null ? null : text.slice(span[0], span[1])));
}

test("of several matches the leftmost counts, and of those the longest", () => {
  expect(find("a|ab|abc", "xabcd")).toBe("abc");
  expect(find("(a|ab)(c|bcd)", "abcd")).toBe("abcd");
  expect(find("x*", "aaa")).toBe("");
});

test("the first quantifier decides whether the whole match is long or short", () => {
  expect(find("a+?b*", "aabb")).toBe("a");
  expect(find("a+b*?", "aabb")).toBe("aabb");
  expect(find("<.*?>", "<a><b>")).toBe("<a>");
});

test("groups that begin earlier take as much as they can", () => {
  expect(groups("(a*)(ab)*(b*)", "aabb")).toEqual(["aa", null, "bb"]);
  expect(groups("(a|ab)(c|bcd)", "abcd")).toEqual(["a", "bcd"]);
  expect(groups("(?:(a)|b)*", "ab")).toEqual([null]);
  expect(groups("(a*)*", "b")).toEqual([""]);
});

test("an expression that would make a backtracking matcher explode is decided in linear time", () => {
  const text = "a".repeat(2000);
  expect(new Regex("^(a*)*(a*)*b$", PLAIN).test(new Subject(text))).toBe(false);
  expect(new Regex("^(a|a)*$", PLAIN).test(new Subject(text))).toBe(true);
});

test.each([
  "(.)\\1",
  "a(?=b)",
  "[[.a.]]",
  "[[=a=]]",
  "***=a",
  "*a",
  "a**",
  "^*",
  "(a",
  "a)",
  "[b-a]",
  "a{2,1}",
  "a{256}",
  "\\q",
])("%s is left to PostgreSQL", (pattern) => {
  expect(() => new Regex(pattern, PLAIN)).toThrow(EvaluationError);
});

test("groups under non-greedy quantifiers are left to PostgreSQL, but not the match as a whole", () => {
  const regex = new Regex("a(b*?)c", PLAIN);
  expect(regex.test(new Subject("abbc"))).toBe(true);
  expect(() => regex.requireGroups()).toThrow(EvaluationError);
});

test("an assertion in a loop that can turn without taking a character is left to PostgreSQL, which may find it too complex", () => {
  for (const pattern of ["(^|,)+", "(?:\\y|a*)*?b", "(?:(?:^a)*b?){2}", "(?:$){1,2}"]) {
    expect(() => new Regex(pattern, PLAIN)).toThrow(EvaluationError);
  }
  expect(find("(?:^|,)a", ",a")).toBe(",a");
  expect(find("(?:,|^a)+", "a,,b")).toBe("a,,");
  expect(find("(?:a*$)?", "baa")).toBe("");
});
