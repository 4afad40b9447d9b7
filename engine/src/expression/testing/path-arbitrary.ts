import fc from "fast-check";

/** Random jsonpaths over the keys and kinds of values that the documents of the pools have. */
const KEYS = fc.constantFrom("a", "b", "c", "d", '"e\\"q"', '""', "missing");
const NUMBERS = fc.constantFrom("0", "1", "2", "1.0", "-1", "0.5", "3");
const SCALARS = fc.oneof(NUMBERS, fc.constantFrom('"a"', '"two"', '"1"', "null", "true", "false"));
const METHODS = fc.constantFrom(
  ".type()",
  ".size()",
  ".abs()",
  ".floor()",
  ".ceiling()",
  ".double()",
  ".keyvalue().key",
  ".keyvalue().value",
  ".keyvalue()",
);
/** Those of PostgreSQL 17. */
const NEW_METHODS = fc.constantFrom(
  ".bigint()",
  ".boolean()",
  ".integer()",
  ".number()",
  ".string()",
  ".decimal()",
  ".decimal(3,1)",
  ".date()",
  ".timestamp()",
  ".time()",
);
const LEVELS = fc.constantFrom(".**", ".**{1}", ".**{last}", ".**{0 to 1}", ".**{2 to last}");

const { expression, predicate } = fc.letrec<{
  expression: string;
  predicate: string;
  primary: string;
  accessor: string;
  subscript: string;
}>((tie) => ({
  primary: fc.oneof(
    { weight: 5, arbitrary: fc.constant("$") },
    { weight: 3, arbitrary: fc.constant("@") },
    { weight: 2, arbitrary: SCALARS },
    { weight: 1, arbitrary: fc.constantFrom("$x", "$y", "$none") },
  ),
  subscript: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("0", "1", "last", "-1", "5", "*") },
    { weight: 3, arbitrary: fc.constantFrom("0 to 1", "last - 1 to last", "1, 0", "2 to 1", "0.7") },
    { weight: 1, arbitrary: tie("expression") },
  ),
  accessor: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    KEYS.map((key) => `.${key}`),
    fc.constantFrom("[*]", ".*"),
    tie("subscript").map((subscript) => `[${subscript}]`),
    LEVELS,
    METHODS,
    NEW_METHODS,
    tie("predicate").map((filter) => ` ? (${filter})`),
  ),
  expression: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    {
      weight: 6,
      arbitrary: fc
        .tuple(tie("primary"), fc.array(tie("accessor"), { maxLength: 3 }))
        .map(
          ([primary, accessors]) =>
            (accessors.length > 0 && !/^[$@]/.test(primary) ? `(${primary})` : primary) + accessors.join(""),
        ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom("+", "-", "*", "/", "%"), tie("expression"))
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    },
    { weight: 1, arbitrary: tie("expression").map((inner) => `(-${inner})`) },
  ),
  predicate: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    {
      weight: 5,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom("==", "!=", "<", ">", "<=", ">="), tie("expression"))
        .map((parts) => parts.join(" ")),
    },
    { weight: 1, arbitrary: tie("expression").map((inner) => `exists (${inner})`) },
    { weight: 1, arbitrary: tie("expression").map((inner) => `${inner} starts with "t"`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom('"^t"', '"[a-c]+" flag "i"', '"." flag "q"', '"x.y" flag "s"'))
        .map(([inner, pattern]) => `${inner} like_regex ${pattern}`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(tie("predicate"), fc.constantFrom("&&", "||"), tie("predicate"))
        .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    },
    { weight: 1, arbitrary: tie("predicate").map((inner) => `!(${inner})`) },
    { weight: 1, arbitrary: tie("predicate").map((inner) => `(${inner}) is unknown`) },
  ),
}));

/** `@` has no meaning outside filters, nor `last` outside subscripts: such paths are mended. */
function mended(path: string): string {
  let depth = 0;
  let brackets = 0;
  const filters: number[] = [];
  let result = "";
  for (const [at, character] of Array.from(path).entries()) {
    if (character === "(") {
      depth++;
      if (path.slice(0, at).endsWith("? ")) filters.push(depth);
    } else if (character === ")") {
      if (filters.at(-1) === depth) filters.pop();
      depth--;
    } else if (character === "[") brackets++;
    else if (character === "]") brackets--;
    const isStray = (character === "@" && filters.length === 0) || (brackets < 0 && character === "l");
    result += isStray ? "$" : character;
  }
  return result;
}

/** Paths, some of them predicates, in either mode. */
export const jsonPaths: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("", "", "strict "),
    fc.oneof({ weight: 5, arbitrary: expression }, { weight: 1, arbitrary: predicate }),
  )
  .map(([mode, path]) => mode + mended(path));

/** Values of the variables that paths name. */
export const pathVariables: fc.Arbitrary<string> = fc.constantFrom(
  '{"x": 1, "y": "two"}',
  '{"x": [1, 2], "y": {"a": 1}}',
  '{"x": null, "y": 2.50, "none": true}',
  "{}",
  "[1]",
);
