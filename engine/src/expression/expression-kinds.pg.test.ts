import { must, runsMultiplier, sampleSeed } from "@freshet/base";
import type { AnyAllExpression, Expression } from "@freshet/sql";
import { DEFAULT_TEXT_SETTINGS, packRow } from "@freshet/values";
import type { ColumnType } from "@freshet/values";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileBytes, compileExpression, encodeResult } from "./compile.ts";
import { EvaluationError } from "./evaluation-error.ts";
import { RowView } from "./row-view.ts";
import { columnType, hexSql, literalSql, startUpstream } from "./testing/upstream.ts";
import type { Upstream, UpstreamType } from "./testing/upstream.ts";
import { valuesOf } from "./testing/value-pools.ts";

let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const ROWS = 60 * runsMultiplier();

/** The input row: column names and types. */
const COLUMNS = {
  p: "bool",
  q: "bool",
  i: "int4",
  j: "int4",
  k: "int8",
  s: "int2",
  n: "numeric",
  m: "numeric",
  f: "float8",
  g: "float8",
  t: "text",
  u: "text",
  c: "bpchar",
  b: "bytea",
  d: "date",
  w: "timestamp",
  e: "mood",
  h: "mood",
  v: "_int4",
  z: "_text",
  r: "jsonb",
  y: "pair",
  x: "uuid",
  o: "time",
  a: "int4range",
  l: "varbit",
} as const;
type ColumnName = keyof typeof COLUMNS;
const NAMES = Object.keys(COLUMNS) as ColumnName[];

function typeOf(name: string): UpstreamType {
  return must(upstream.types.get(name), `type ${name}`);
}

function type(name: string): ColumnType {
  return columnType(typeOf(name));
}

function col(name: ColumnName): Expression {
  return { kind: "column", index: NAMES.indexOf(name), type: type(COLUMNS[name]) };
}

function constant(typeName: string, text: string | null): Expression {
  if (text === null) return { kind: "constant", value: null, type: type(typeName) };
  const codec = must(upstream.codecs.get(typeOf(typeName).oid));
  const bytes = must(codec.fromText(text, DEFAULT_TEXT_SETTINGS), `${typeName} ${text}`);
  return { kind: "constant", value: bytes.toString("latin1"), type: type(typeName) };
}

function call(name: string, resultType: string, ...args: Expression[]): Expression {
  return { kind: "call", name, functionOid: 0, strict: true, inputCollation: 950, args, type: type(resultType) };
}

function row(...args: Expression[]): Expression {
  return { kind: "call", name: "ROW", functionOid: 0, strict: false, inputCollation: 0, args, type: type("pair") };
}

function logic(kind: "and" | "or" | "not", ...args: Expression[]): Expression {
  return { kind, args, type: type("bool") };
}

function anyAll(kind: AnyAllExpression["kind"], name: string, left: Expression, array: Expression): Expression {
  return { kind, name, inputCollation: 950, left, array, type: type("bool") };
}

function cast(to: string, arg: Expression): Expression {
  return { kind: "text-cast", arg, type: type(to) };
}

type Template = readonly [sql: string, expression: Expression];

const BOOLEAN_TESTS = ["is-true", "is-not-true", "is-false", "is-not-false", "is-unknown", "is-not-unknown"] as const;

function logicTemplates(): Template[] {
  const [p, q] = [col("p"), col("q")];
  const less = call("int4lt", "bool", col("i"), col("j"));
  return [
    ["p AND q", logic("and", p, q)],
    ["p OR q", logic("or", p, q)],
    ["NOT p", logic("not", p)],
    ["p AND q AND i < j", logic("and", p, q, less)],
    ["p OR q OR i < j", logic("or", p, q, less)],
    ["i IS NULL", { kind: "is-null", arg: col("i"), type: type("bool") }],
    ["i < j IS NOT NULL", { kind: "is-not-null", arg: less, type: type("bool") }],
    ...BOOLEAN_TESTS.map((kind): Template => {
      return [`p ${kind.replaceAll("-", " ")}`, { kind, arg: p, type: type("bool") }];
    }),
  ];
}

function choiceTemplates(): Template[] {
  const quotient = call("int4div", "int4", col("i"), col("j"));
  const isZero = call("int4eq", "bool", col("j"), constant("int4", "0"));
  const minMax = (kind: "greatest" | "least", ...args: [Expression, ...Expression[]]): Expression => {
    return { kind, inputCollation: 950, args, type: args[0].type };
  };
  const distinct = (equality: string, left: Expression, right: Expression): Expression => {
    return { kind: "distinct-from", equality, inputCollation: 950, left, right, type: type("bool") };
  };
  const nullIf = (equality: string, left: Expression, right: Expression): Expression => {
    return { kind: "nullif", equality, inputCollation: 950, left, right, type: left.type };
  };
  return [
    [
      "CASE WHEN j = 0 THEN -1 WHEN p THEN i / j ELSE j END",
      {
        kind: "case",
        arms: [
          { when: isZero, then: constant("int4", "-1") },
          { when: col("p"), then: quotient },
        ],
        otherwise: col("j"),
        type: type("int4"),
      },
    ],
    [
      "CASE WHEN p THEN t END",
      { kind: "case", arms: [{ when: col("p"), then: col("t") }], otherwise: null, type: type("text") },
    ],
    ["coalesce(i, j, i / j)", { kind: "coalesce", args: [col("i"), col("j"), quotient], type: type("int4") }],
    ["coalesce(n, m)", { kind: "coalesce", args: [col("n"), col("m")], type: type("numeric") }],
    ["nullif(i, j)", nullIf("int4eq", col("i"), col("j"))],
    ["nullif(n, m)", nullIf("numeric_eq", col("n"), col("m"))],
    ["nullif(t, u)", nullIf("texteq", col("t"), col("u"))],
    ["i IS DISTINCT FROM j", distinct("int4eq", col("i"), col("j"))],
    ["f IS DISTINCT FROM g", distinct("float8eq", col("f"), col("g"))],
    ["e IS DISTINCT FROM h", distinct("enum_eq", col("e"), col("h"))],
    ["greatest(i, j)", minMax("greatest", col("i"), col("j"))],
    ["least(n, m)", minMax("least", col("n"), col("m"))],
    ["greatest(f, g)", minMax("greatest", col("f"), col("g"))],
    ["least(f, g, 0::float8)", minMax("least", col("f"), col("g"), constant("float8", "0"))],
    ['greatest(t COLLATE "C", u)', minMax("greatest", col("t"), col("u"))],
    ["greatest(e, h)", minMax("greatest", col("e"), col("h"))],
    ["least(v, '{2}'::int4[])", minMax("least", col("v"), constant("_int4", "{2}"))],
  ];
}

function arrayTemplates(): Template[] {
  const many = "{1,2,3,-7,1000,31,32}";
  return [
    [`i = ANY ('${many}'::int4[])`, anyAll("any", "int4eq", col("i"), constant("_int4", many))],
    [
      "i = ANY ('{1,NULL,2,3,0,-1}'::int4[])",
      anyAll("any", "int4eq", col("i"), constant("_int4", "{1,NULL,2,3,0,-1}")),
    ],
    ["i = ANY ('{}'::int4[])", anyAll("any", "int4eq", col("i"), constant("_int4", "{}"))],
    ["i = ANY (NULL::int4[])", anyAll("any", "int4eq", col("i"), constant("_int4", null))],
    ["i <> ALL ('{1,2,NULL}'::int4[])", anyAll("all", "int4ne", col("i"), constant("_int4", "{1,2,NULL}"))],
    ["k = ANY ('{1,2,10}'::int4[])", anyAll("any", "int84eq", col("k"), constant("_int4", "{1,2,10}"))],
    ["i < ANY (v)", anyAll("any", "int4lt", col("i"), col("v"))],
    ["i > ALL (v)", anyAll("all", "int4gt", col("i"), col("v"))],
    ["t = ANY (z)", anyAll("any", "texteq", col("t"), col("z"))],
    ["t = ANY ('{a,abc,\"\",é,aab,😀}')", anyAll("any", "texteq", col("t"), constant("_text", '{a,abc,"",é,aab,😀}'))],
    ["t LIKE ANY ('{a%,%b}')", anyAll("any", "textlike", col("t"), constant("_text", "{a%,%b}"))],
  ];
}

function castTemplates(): Template[] {
  return [
    ["i::text", cast("text", col("i"))],
    ["k::text", cast("text", col("k"))],
    ["n::text", cast("text", col("n"))],
    ["e::text", cast("text", col("e"))],
    ["r::text", cast("text", col("r"))],
    ["i::text::int8", cast("int8", cast("text", col("i")))],
    ["n::text::numeric", cast("numeric", cast("text", col("n")))],
    ["e::text::mood", cast("mood", cast("text", col("e")))],
    ["t::int4", cast("int4", col("t"))],
    ["t::bool", cast("bool", col("t"))],
    ["v::text", cast("text", col("v"))],
    ["z::text", cast("text", col("z"))],
    ["y::text", cast("text", col("y"))],
    ["r::text::jsonb", cast("jsonb", cast("text", col("r")))],
    ["x::text", cast("text", col("x"))],
    ["x::text::uuid", cast("uuid", cast("text", col("x")))],
    ["o::text", cast("text", col("o"))],
    ["o::text::time", cast("time", cast("text", col("o")))],
    ["a::text", cast("text", col("a"))],
    ["l::text", cast("text", col("l"))],
    ["l::text::varbit", cast("varbit", cast("text", col("l")))],
  ];
}

/** Shapes that are compiled in a special way, next to their general ones. */
function comparisonTemplates(): Template[] {
  const operators = { eq: "=", ne: "<>", lt: "<", le: "<=", gt: ">", ge: ">=" } as const;
  return Object.entries(operators).flatMap(([suffix, operator]): Template[] => [
    [`i ${operator} j`, call(`int4${suffix}`, "bool", col("i"), col("j"))],
    [`i ${operator} 2`, call(`int4${suffix}`, "bool", col("i"), constant("int4", "2"))],
    [`2 ${operator} i`, call(`int4${suffix}`, "bool", constant("int4", "2"), col("i"))],
    [`i ${operator} 2147483647::int8`, call(`int48${suffix}`, "bool", col("i"), constant("int8", "2147483647"))],
    [`i ${operator} 4294967295::int8`, call(`int48${suffix}`, "bool", col("i"), constant("int8", "4294967295"))],
    [`k ${operator} i`, call(`int84${suffix}`, "bool", col("k"), col("i"))],
    [`s ${operator} k`, call(`int28${suffix}`, "bool", col("s"), col("k"))],
    [`k ${operator} -1::int8`, call(`int8${suffix}`, "bool", col("k"), constant("int8", "-1"))],
    [`d ${operator} '2000-01-01'`, call(`date_${suffix}`, "bool", col("d"), constant("date", "2000-01-01"))],
    [
      `w ${operator} '1970-01-01'`,
      call(`timestamp_${suffix}`, "bool", col("w"), constant("timestamp", "1970-01-01 00:00:00")),
    ],
    [`b ${operator} '\\x00'`, call(`bytea${suffix}`, "bool", col("b"), constant("bytea", "\\x00"))],
    [`c ${operator} 'a'::bpchar`, call(`bpchar${suffix}`, "bool", col("c"), constant("bpchar", "a"))],
    [`n ${operator} m`, call(`numeric_${suffix}`, "bool", col("n"), col("m"))],
    [`e ${operator} 'ok'::mood`, call(`enum_${suffix}`, "bool", col("e"), constant("mood", "ok"))],
  ]);
}

function textEqualityTemplates(): Template[] {
  const long = "A".repeat(60);
  return [
    ["t = u", call("texteq", "bool", col("t"), col("u"))],
    ["t <> u", call("textne", "bool", col("t"), col("u"))],
    ["t = 'abc'", call("texteq", "bool", col("t"), constant("text", "abc"))],
    [`t <> '${long}'`, call("textne", "bool", col("t"), constant("text", long))],
    ["t = NULL::text", call("texteq", "bool", col("t"), constant("text", null))],
  ];
}

function rows(): Record<ColumnName, string | null>[] {
  const record = Object.fromEntries(NAMES.map((name) => [name, valuesOf(COLUMNS[name])]));
  const sample = fc.sample(fc.record(record), { numRuns: ROWS, seed: SEED });
  return sample.map(
    (row) => Object.fromEntries(NAMES.map((name) => [name, row[name] ?? null])) as Record<ColumnName, string | null>,
  );
}

function rowSql(row: Record<ColumnName, string | null>): string {
  return NAMES.map((name) => `${literalSql({ type: typeOf(COLUMNS[name]), text: row[name] })} AS ${name}`).join(", ");
}

async function packedRow(row: Record<ColumnName, string | null>): Promise<Buffer> {
  const hexes = await upstream.outcomes(
    NAMES.map((name) => hexSql(literalSql({ type: typeOf(COLUMNS[name]), text: row[name] }), typeOf(COLUMNS[name]))),
  );
  return packRow(hexes.map((hex) => (hex === null ? null : Buffer.from(hex, "hex"))));
}

function nameOf(typeOid: number): UpstreamType {
  return must([...upstream.types.values()].find(({ oid }) => oid === typeOid));
}

function attempt(evaluate: () => Buffer | null): string | null {
  try {
    return evaluate()?.toString("hex") ?? null;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return error.declined ? "declined" : `!${error.code}`;
  }
}

/** Subscripts, slices (`given` has a bit for each bound that is), fields and rows. */
function elementTemplates(): Template[] {
  const one = constant("int4", "1");
  const two = constant("int4", "2");
  const none = constant("int4", "0");
  const slice = (given: string, ...bounds: Expression[]): Expression =>
    call("SLICE", "_int4", col("v"), constant("int4", given), ...bounds);
  return [
    ["v[1]", call("ELEMENT", "int4", col("v"), one)],
    ["v[j]", call("ELEMENT", "int4", col("v"), col("j"))],
    ["v[1][2]", call("ELEMENT", "int4", col("v"), one, two)],
    ["z[2]", call("ELEMENT", "text", col("z"), two)],
    ["v[1:2]", slice("3", one, two)],
    ["v[2:]", slice("1", two, none)],
    ["v[:2]", slice("2", none, two)],
    ["v[:]", slice("0", none, none)],
    ["v[1:2][2:2]", slice("15", one, two, two, two)],
    ["v[:1][2:]", slice("6", none, one, two, none)],
    ["v[2:1]", slice("3", two, one)],
    ["v[j:2]", slice("3", col("j"), two)],
    ["(y).a", call("FIELD", "numeric", col("y"), none)],
    ["(y).b", call("FIELD", "text", col("y"), one)],
    ["ROW(n, t)::pair", row(col("n"), col("t"))],
  ];
}

const FAMILIES = {
  elements: elementTemplates,
  logic: logicTemplates,
  choice: choiceTemplates,
  arrays: arrayTemplates,
  casts: castTemplates,
  comparisons: comparisonTemplates,
  "text equality": textEqualityTemplates,
};

test.each(Object.entries(FAMILIES))(
  "%s expressions give PostgreSQL's bytes or its SQLSTATE",
  async (_name, templates) => {
    const context = { columns: NAMES.map((name) => type(COLUMNS[name])), codecs: upstream.codecs };
    const compiled = templates().map(([sql, expression]) => ({
      sql,
      expression,
      value: compileExpression(expression, context),
      bytes: compileBytes(expression, context),
      exact: 0,
    }));
    const view = new RowView();
    const wrong: string[] = [];
    for (const row of rows()) {
      const from = ` FROM (SELECT ${rowSql(row)}) AS r`;
      const expected = await upstream.outcomes(
        compiled.map(({ sql, expression }) => hexSql(`(${sql})`, nameOf(expression.type.typeOid)) + from),
      );
      view.set(await packedRow(row), NAMES.length);
      compiled.forEach((item, at) => {
        const { sql, expression } = item;
        const found = [
          attempt(() => encodeResult(item.value(view), expression.type, upstream.codecs)),
          attempt(() => item.bytes(view)),
        ];
        for (const actual of found) {
          if (actual === "declined") continue;
          item.exact++;
          if (actual !== expected[at]) wrong.push(`${sql}: expected ${expected[at]}, got ${actual}${from}`);
        }
      });
    }
    expect(wrong.slice(0, 10), `seed ${SEED}: ${wrong.length} differ`).toEqual([]);
    expect(compiled.filter(({ exact }) => exact === 0).map(({ sql }) => sql)).toEqual([]);
  },
);
