import { must, runsMultiplier, sampleSeed } from "@freshet/base";
import type { AggregateCall, ListAggregateName } from "@freshet/sql";
import { arrayOf, Oid } from "@freshet/values";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { columnType, hexSql, literalSql, startUpstream } from "../expression/testing/upstream.ts";
import type { Upstream, UpstreamType } from "../expression/testing/upstream.ts";
import { valuesOf } from "../expression/testing/value-pools.ts";
import { createListAggregate } from "./create-list-aggregate.ts";

let upstream: Upstream;
let serverVersion: number;
/** The first with the aggregates behind SQL/JSON. */
const VERSION_16 = 160_000;

beforeAll(async () => {
  upstream = await startUpstream();
  const [row] = await upstream.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  serverVersion = must(row).version;
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const CASES = 40 * runsMultiplier();

const JSON_ARRAYS = ["json_agg", "json_agg_strict", "jsonb_agg", "jsonb_agg_strict"] as const;
const JSON_OBJECTS = [
  "json_object_agg",
  "json_object_agg_strict",
  "json_object_agg_unique",
  "json_object_agg_unique_strict",
  "jsonb_object_agg",
  "jsonb_object_agg_strict",
  "jsonb_object_agg_unique",
  "jsonb_object_agg_unique_strict",
] as const;

interface Case {
  readonly name: ListAggregateName;
  readonly args: readonly UpstreamType[];
  readonly result: UpstreamType;
  readonly rows: readonly (readonly (string | null)[])[];
}

function typeOf(name: string): UpstreamType {
  return must(upstream.types.get(name), `type ${name}`);
}

function rowsOf(types: readonly string[]): readonly (readonly (string | null)[])[][] {
  const row = fc.tuple(...types.map((type) => valuesOf(type)));
  return fc.sample(fc.array(row, { maxLength: 6 }), { numRuns: CASES, seed: SEED });
}

function casesOf(
  names: readonly ListAggregateName[],
  types: readonly string[],
  result: (name: string) => string,
): Case[] {
  const args = types.map(typeOf);
  const known = names.filter((name) => serverVersion >= VERSION_16 || !/_strict|_unique/.test(name));
  return known.flatMap((name) => rowsOf(types).map((rows) => ({ name, args, result: typeOf(result(name)), rows })));
}

function caseSql({ name, args, result, rows }: Case): string {
  const names = args.map((_type, index) => `x${index}`);
  const selects = rows.map(
    (row, n) => `SELECT ${args.map((type, index) => literalSql({ type, text: row[index] ?? null })).join(", ")}, ${n}`,
  );
  const none = `SELECT ${args.map((type) => literalSql({ type, text: null })).join(", ")}, 0 WHERE false`;
  const from = `(${[none, ...selects].join(" UNION ALL ")}) AS t(${names.join(", ")}, n)`;
  return `${hexSql(`${name}(${names.join(", ")} ORDER BY n)`, result)} FROM ${from}`;
}

/** What plans put behind a row that is collected. */
const PAIR_NAMES = arrayOf(Oid.text, [Buffer.from("a"), Buffer.from("b")]);

async function evaluate(item: Case): Promise<string | null> {
  const [arg, ...rest] = item.args.map((type) => ({ kind: "column", index: 0, type: columnType(type) }) as const);
  const call: AggregateCall = {
    name: item.name,
    arg: must(arg),
    rest,
    distinct: false,
    type: columnType(item.result),
    inputCollation: 0,
  };
  const literals = item.rows.flatMap((row) =>
    item.args.map((type, index) => hexSql(literalSql({ type, text: row[index] ?? null }), type)),
  );
  const bytes = (await upstream.outcomes(literals)).map((hex) => (hex === null ? null : Buffer.from(hex, "hex")));
  const aggregate = createListAggregate(item.name, call, upstream.codecs);
  const collector = aggregate.collect();
  try {
    for (const index of item.rows.keys()) {
      const values = bytes.slice(index * item.args.length, (index + 1) * item.args.length);
      if (!aggregate.ignores(values)) collector.add(item.args[0]?.name === "pair" ? [...values, PAIR_NAMES] : values);
    }
    return collector.result()?.toString("hex") ?? null;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return error.declined ? "declined" : `!${error.code}`;
  }
}

/** The cases whose outcome is not PostgreSQL's. */
async function differing(cases: readonly Case[]): Promise<string[]> {
  const outcomes = await upstream.outcomes(cases.map(caseSql));
  const wrong: string[] = [];
  for (const [at, item] of cases.entries()) {
    const expected = outcomes[at] ?? null;
    const actual = await evaluate(item);
    // Of two errors it is PostgreSQL's own that the client gets.
    const bothFail = actual?.startsWith("!") === true && expected?.startsWith("!") === true;
    if (actual !== expected && actual !== "declined" && !bothFail) {
      const text = (hex: string | null): string => Buffer.from(hex ?? "", "hex").toString("utf8");
      wrong.push(`${caseSql(item)}: expected ${expected} ${text(expected)}, got ${actual} ${text(actual)}`);
    }
  }
  return wrong.slice(0, 10);
}

const ELEMENTS = [
  "bool",
  "int2",
  "int4",
  "int8",
  "numeric",
  "text",
  "bpchar",
  "date",
  "timestamp",
  "uuid",
  "mood",
  "json",
  "jsonb",
  "_int4",
  "_text",
];

test.each([...ELEMENTS, "pair"])("json and jsonb arrays of %s are PostgreSQL's", async (type) => {
  expect(
    await differing(casesOf(JSON_ARRAYS, [type], (name) => (name.startsWith("jsonb") ? "jsonb" : "json"))),
    `seed ${SEED}`,
  ).toEqual([]);
});

test.each(ELEMENTS)("json and jsonb objects with values of %s are PostgreSQL's", async (type) => {
  expect(
    await differing(casesOf(JSON_OBJECTS, ["text", type], (name) => (name.startsWith("jsonb") ? "jsonb" : "json"))),
    `seed ${SEED}`,
  ).toEqual([]);
});

test.each(["bool", "int4", "numeric", "date", "timestamp", "uuid", "mood"])(
  "keys of %s in json objects are PostgreSQL's",
  async (type) => {
    expect(
      await differing(casesOf(JSON_OBJECTS, [type, "int4"], (name) => (name.startsWith("jsonb") ? "jsonb" : "json"))),
      `seed ${SEED}`,
    ).toEqual([]);
  },
);

test.each(ELEMENTS.filter((type) => !type.startsWith("_")))("arrays of %s are PostgreSQL's", async (type) => {
  expect(await differing(casesOf(["array_agg"], [type], () => `_${type}`)), `seed ${SEED}`).toEqual([]);
});

test.each(["_int4", "_text"])("arrays of %s have one more dimension", async (type) => {
  expect(await differing(casesOf(["array_agg"], [type], () => type)), `seed ${SEED}`).toEqual([]);
});

test.each(["text", "bytea"])("strings of %s are PostgreSQL's", async (type) => {
  expect(await differing(casesOf(["string_agg"], [type, type], () => type)), `seed ${SEED}`).toEqual([]);
});

test.each(["numrange", "int4range", "nummultirange"])(
  "unions and intersections of %s are PostgreSQL's",
  async (type) => {
    const multirange = type.includes("multi") ? type : type.replace("range", "multirange");
    const result = (name: string): string => (name === "range_agg" ? multirange : type);
    expect(await differing(casesOf(["range_agg", "range_intersect_agg"], [type], result)), `seed ${SEED}`).toEqual([]);
  },
);
