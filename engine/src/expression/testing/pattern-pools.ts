import fc from "fast-check";

// Patterns of LIKE, SIMILAR TO and regular expressions, with what they are looked for in and put instead.

export const patterns: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "",
    "%",
    "_",
    "a%",
    "%c",
    "%b%",
    "abc",
    "a_c",
    "%o w%",
    "100\\%",
    "x\\\\y",
    "\\",
    "%\\",
    "A%",
    "h%o%d",
    "__",
    "日%",
  ),
  fc.array(fc.constantFrom("a", "%", "_", "b", "A", "\\a"), { maxLength: 6 }).map((parts) => parts.join("")),
);
const regexAtoms = fc.constantFrom(
  "a",
  "b",
  "c",
  "A",
  ".",
  "[ab]",
  "[^a]",
  "[[:alpha:]]",
  "[^[:space:]b]",
  "\\w",
  "\\s",
  "\\d",
  "\\W",
  "é",
  " ",
  "[a-c]",
  "[]x-]",
  "\\.",
  "😀",
  "l",
  "o",
  ",",
);
const regexQuantifiers = fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}");
const lazyQuantifiers = fc.constantFrom("", "", "*", "+", "?", "*?", "+?", "??", "{1,2}?");
const assertions = fc.constantFrom("", "", "", "", "^", "$", "\\m", "\\M", "\\y", "\\Y", "\\A", "\\Z");

/** Regular expressions of a few branches and groups. */
const regexes = (quantifiers: fc.Arbitrary<string>, captures: fc.Arbitrary<string>): fc.Arbitrary<string> => {
  const { tree } = fc.letrec<{ tree: string; piece: string; branch: string }>((tie) => ({
    piece: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      fc.tuple(regexAtoms, quantifiers).map((parts) => parts.join("")),
      assertions,
      fc.tuple(captures, tie("tree"), quantifiers).map(([open, inner, many]) => `${open}${inner})${many}`),
    ),
    branch: fc.array(tie("piece"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("")),
    tree: fc.array(tie("branch"), { minLength: 1, maxLength: 2 }).map((parts) => parts.join("|")),
  }));
  return tree;
};
export const greedy: fc.Arbitrary<string> = regexes(regexQuantifiers, fc.constantFrom("(", "(", "(?:"));
const lazy = regexes(lazyQuantifiers, fc.constant("(?:"));
export const anyRegex: fc.Arbitrary<string> = fc.oneof(greedy, lazy);
export const ofAscii: fc.Arbitrary<string> = lazy.map((pattern) => pattern.replace(/[é😀]/gu, "a"));
export const subjects: fc.Arbitrary<string> = fc
  .array(fc.constantFrom("a", "b", "c", "A", " ", "a", "b", "é", "\n", "1", "ab", ",", "😀"), { maxLength: 9 })
  .map((parts) => parts.join(""));
export const regexFlags: fc.Arbitrary<string> = fc.constantFrom("", "i", "n", "g", "c", "gi", "s");
export const plainFlags: fc.Arbitrary<string> = fc.constantFrom("", "i", "n", "c", "s");
export const templates: fc.Arbitrary<string> = fc.constantFrom(
  "",
  "x",
  "<\\&>",
  "[\\1]",
  "\\2\\1",
  "\\\\",
  "\\x",
  "$1",
);
export const starts: fc.Arbitrary<string> = fc.constantFrom("1", "1", "2", "3", "20");
export const bytePatterns: fc.Arbitrary<string> = fc.constantFrom(
  "",
  "%",
  "a%",
  "\\x615f",
  "\\xff",
  "\\x2500",
  "\\x0025",
  "_",
  "%c",
);
export const escapes: fc.Arbitrary<string> = fc.constantFrom("", "\\", "!", "ab", "%");
export const similarPatterns: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      "a",
      "%",
      "_",
      "(b|c)",
      "[a-z]",
      "[^0-9]",
      "+",
      "{2}",
      "!",
      "\\",
      '\\"',
      ".",
      "$",
      "é",
      "[[:alpha:]]",
    ),
    {
      maxLength: 6,
    },
  )
  .map((pieces) => pieces.join(""));
