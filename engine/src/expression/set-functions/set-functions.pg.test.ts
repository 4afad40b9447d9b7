import { must } from "@freshet/base";
import type { SetFunctionCall } from "@freshet/sql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EvaluationError } from "../evaluation-error.ts";
import { columnType, hexSql, type Literal, literalSql, startUpstream, type Upstream } from "../testing/upstream.ts";
import { compileSetFunction } from "./compile-set-function.ts";

let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

afterAll(() => upstream.stop());

type Pool = readonly (string | null)[];

/** A function: SQL name, C symbol, columns, and the pool of each argument. */
interface SetCase {
  readonly name: string;
  readonly symbol: string;
  readonly strict?: false;
  readonly columns: readonly string[];
  readonly args: readonly (readonly [type: string, pool: Pool])[];
}

const INT4: Pool = ["-2", "0", "1", "3", null];
const STEPS: Pool = ["1", "2", "-1", "-3", "0", "2147483647", null];
const INT8_EDGES: Pool = ["9223372036854775805", "9223372036854775807", "-9223372036854775808", "-9223372036854775807"];
const NUMERIC: Pool = ["0", "1.50", "-1", "3", "2.0001", "NaN", "Infinity", null];
const NUMERIC_STEPS: Pool = ["1", "0.5", "-0.75", "1.000", "0", "NaN", "-Infinity", null];
const TEXTS: Pool = ["", "a", "a,b,,c", ",", "a, b", "xyyxyy", "äö€,😀", null];
const DELIMITERS: Pool = [",", "", "yy", ", ", null];
const ARRAYS: Pool = ["{}", "{1,2,NULL,3}", "[0:2]={7,8,9}", "{{1,2},{3,4}}", "{NULL}", null];
const ARRAY_VALUES = String.raw`[1, "a", null, {"b": [1, 2]}, [], "\u00e4\n\"", 1.50, true]`;
const OBJECT_VALUES = String.raw`{"b": 1, "a": "x\ty", "ü": null, "c": {"d": []}, "": [1, "]"]}`;
const DOCUMENTS: Pool = [ARRAY_VALUES, OBJECT_VALUES, "[]", "{}", "3", '"s"', "null", '["}", {"k": "]"}]', null];
const LOOSE_DOCUMENTS: Pool = [
  ...DOCUMENTS,
  ' [ 1 ,\t2.0 , { "a" : 1 , "a" : 2 } ,"x" ] ',
  '\n{ "k" : [ 1, 2 ] , "k":\t"v" ,\n"n" : null }',
  "[1e3,-0,  []  ]",
];

const json = (type: string, pool: Pool): SetCase[] => [
  { name: `${type}_array_elements`, symbol: `${type}_array_elements`, columns: [type], args: [[type, pool]] },
  {
    name: `${type}_array_elements_text`,
    symbol: `${type}_array_elements_text`,
    columns: ["text"],
    args: [[type, pool]],
  },
  { name: `${type}_object_keys`, symbol: `${type}_object_keys`, columns: ["text"], args: [[type, pool]] },
  { name: `${type}_each`, symbol: `${type}_each`, columns: ["text", type], args: [[type, pool]] },
  { name: `${type}_each_text`, symbol: `${type}_each_text`, columns: ["text", "text"], args: [[type, pool]] },
];

const series = (type: string, symbol: string, pool: Pool, steps: Pool): SetCase[] => [
  {
    name: "generate_series",
    symbol: `generate_series_${symbol}`,
    columns: [type],
    args: [
      [type, pool],
      [type, pool],
    ],
  },
  {
    name: "generate_series",
    symbol: `generate_series_step_${symbol}`,
    columns: [type],
    args: [
      [type, pool],
      [type, pool],
      [type, steps],
    ],
  },
];

const CASES: readonly SetCase[] = [
  ...series("int4", "int4", INT4, STEPS),
  ...series("int8", "int8", ["5", "-3", "9", null], STEPS),
  ...series("numeric", "numeric", NUMERIC, NUMERIC_STEPS),
  { name: "unnest", symbol: "array_unnest", columns: ["int4"], args: [["_int4", ARRAYS]] },
  { name: "unnest", symbol: "array_unnest", columns: ["text"], args: [["_text", ['{a,NULL,"",ä}', "{}", null]]] },
  {
    name: "unnest",
    symbol: "multirange_unnest",
    columns: ["int4range"],
    args: [["int4multirange", ["{}", "{[1,3),[5,9)}", "{(,)}", null]]],
  },
  {
    name: "generate_subscripts",
    symbol: "generate_subscripts_nodir",
    columns: ["int4"],
    args: [
      ["_int4", ARRAYS],
      ["int4", ["-1", "0", "1", "2", "3", null]],
    ],
  },
  {
    name: "generate_subscripts",
    symbol: "generate_subscripts",
    columns: ["int4"],
    args: [
      ["_int4", ARRAYS],
      ["int4", ["1", "2"]],
      ["bool", ["true", "false", null]],
    ],
  },
  {
    name: "string_to_table",
    symbol: "text_to_table",
    strict: false,
    columns: ["text"],
    args: [
      ["text", TEXTS],
      ["text", DELIMITERS],
    ],
  },
  {
    name: "string_to_table",
    symbol: "text_to_table_null",
    strict: false,
    columns: ["text"],
    args: [
      ["text", TEXTS],
      ["text", DELIMITERS],
      ["text", ["", "a", "b", null]],
    ],
  },
  {
    name: "generate_series",
    symbol: "generate_series_timestamp",
    columns: ["timestamp"],
    args: [
      ["timestamp", ["2024-01-31", "2024-02-29 12:00:00.5", null]],
      ["timestamp", ["2024-05-31", "2024-01-01", null]],
      ["interval", ["1 mon", "-10 days", "30 days 12:00:00", "0", "1 mon -30 days", null]],
    ],
  },
  ...["regexp_split_to_table", "regexp_matches"].flatMap((name): SetCase[] => {
    const columns = [name === "regexp_matches" ? "_text" : "text"];
    const text = ["text", ["", "aXbxc", "foo,bar;;baz", "\nab\ncd", null]] as const;
    const pattern = ["text", ["x", "", "[,;]", "(b)(a|z)", "(o+)?b", "^.", null]] as const;
    const flags = ["text", name === "regexp_matches" ? ["g", "gi", "n", null] : ["i", "n", null]] as const;
    return [
      { name, symbol: `${name}_no_flags`, columns, args: [text, pattern] },
      { name, symbol: name, columns, args: [text, pattern, flags] },
    ];
  }),
  {
    name: "jsonb_path_query",
    symbol: "jsonb_path_query",
    columns: ["jsonb"],
    args: [
      ["jsonb", DOCUMENTS],
      ["jsonpath", ["$[*]", "strict $.c.d", '$.** ? (@.type() == "string")', "$[$n]", null]],
      ["jsonb", ['{"n": 1}', null]],
      ["bool", ["true", "false"]],
    ],
  },
  ...json("jsonb", DOCUMENTS),
  ...json("json", LOOSE_DOCUMENTS),
];

/** Every choice of one value from each pool. */
function choices(args: SetCase["args"]): Literal[][] {
  return args.reduce<Literal[][]>(
    (lists, [typeName, pool]) => {
      const type = must(upstream.types.get(typeName), `type ${typeName}`);
      return lists.flatMap((list) => pool.map((text) => [...list, { type, text }]));
    },
    [[]],
  );
}

/** The set as one text: rows of hex values; `!` for a failure. */
async function expected({ name, columns }: SetCase, args: readonly Literal[]): Promise<string | null> {
  const names = columns.map((_column, index) => `c${index}`);
  const values = columns.map((column, index) => {
    const type = must(upstream.types.get(column));
    return `coalesce(${hexSql(`c${index}`, type)}, 'NULL')`;
  });
  const call = `${name}(${args.map(literalSql).join(", ")})`;
  const sql = `(SELECT coalesce(string_agg(concat_ws(' ', ${values.join(", ")}), '|' ORDER BY n), '')
    FROM ROWS FROM (${call}) WITH ORDINALITY AS f(${names.join(", ")}, n))`;
  const [outcome] = await upstream.outcomes([sql]);
  return outcome?.startsWith("!") === true ? "!" : (outcome ?? null);
}

async function binary({ type, text }: Literal): Promise<Buffer | null> {
  const [row] = await upstream.query<{ hex: string | null }>(
    `SELECT ${hexSql(literalSql({ type, text }), type)} AS hex`,
  );
  const hex = row?.hex ?? null;
  return hex === null ? null : Buffer.from(hex, "hex");
}

function actual(item: SetCase, values: readonly (Buffer | null)[]): string {
  const typeOf = (name: string) => columnType(must(upstream.types.get(name)));
  const call: SetFunctionCall = {
    kind: "function",
    name: item.symbol,
    strict: item.strict ?? true,
    inputCollation: 950,
    args: item.args.map(([name]) => ({ kind: "constant", value: null, type: typeOf(name) })),
    columns: item.columns.map(typeOf),
  };
  if (call.strict && values.includes(null)) return "";
  try {
    const rows = [...compileSetFunction(call, upstream.codecs)(values)];
    return rows.map((row) => row.map((value) => (value === null ? "NULL" : value.toString("hex"))).join(" ")).join("|");
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return "!";
  }
}

/** Argument lists whose rows are not PostgreSQL's. */
async function differences(item: SetCase): Promise<string[]> {
  const found: string[] = [];
  for (const args of choices(item.args)) {
    const values: (Buffer | null)[] = [];
    for (const arg of args) values.push(await binary(arg));
    const text = args.map((arg) => arg.text ?? "NULL").join("; ");
    const [own, theirs] = [actual(item, values), await expected(item, args)];
    if (own !== theirs) found.push(`${text}: ${own}, not ${theirs}`);
  }
  return found;
}

test.each(CASES.map((item) => [`${item.symbol}(${item.args.map(([type]) => type).join(", ")})`, item] as const))(
  "%s makes PostgreSQL's rows",
  async (_name, item) => expect(await differences(item)).toEqual([]),
);

const EDGES: readonly SetCase[] = [
  {
    name: "generate_series",
    symbol: "generate_series_step_int4",
    columns: ["int4"],
    args: [
      ["int4", ["2147483645", "2147483647"]],
      ["int4", ["2147483647"]],
      ["int4", ["1", "2", "2147483647"]],
    ],
  },
  {
    name: "generate_series",
    symbol: "generate_series_int4",
    columns: ["int4"],
    args: [
      ["int4", ["-2147483648"]],
      ["int4", ["-2147483648", "-2147483646"]],
    ],
  },
  {
    name: "generate_series",
    symbol: "generate_series_step_int8",
    columns: ["int8"],
    args: [
      ["int8", INT8_EDGES],
      ["int8", INT8_EDGES],
      ["int8", ["9223372036854775807", "-9223372036854775808"]],
    ],
  },
];

test.each(EDGES.map((item) => [item.symbol, item] as const))("%s ends where its type does", async (_name, item) =>
  expect(await differences(item)).toEqual([]),
);
