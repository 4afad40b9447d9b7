import { must, runsMultiplier, sampleSeed } from "@freshet/base";
import type { AggregateCall } from "@freshet/sql";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { columnType, hexSql, literalSql, startUpstream } from "../expression/testing/upstream.ts";
import type { Upstream, UpstreamType } from "../expression/testing/upstream.ts";
import { valuesOf } from "../expression/testing/value-pools.ts";
import { createAccumulator } from "./create-accumulator.ts";

let upstream: Upstream;
let serverVersion: number;
/** The first with infinite intervals. */
const VERSION_17 = 170_000;

beforeAll(async () => {
  upstream = await startUpstream();
  const [row] = await upstream.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  serverVersion = must(row).version;
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const CASES = 60 * runsMultiplier();

const spread = (type: string): Readonly<Record<string, string>> => ({
  var_pop: type,
  var_samp: type,
  stddev_pop: type,
  stddev_samp: type,
});

/** Result types of the aggregates by argument type. */
const RESULTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  int2: {
    sum: "int8",
    avg: "numeric",
    ...spread("numeric"),
    count: "int8",
    bit_and: "int2",
    bit_or: "int2",
    bit_xor: "int2",
  },
  int4: {
    sum: "int8",
    avg: "numeric",
    ...spread("numeric"),
    count: "int8",
    bit_and: "int4",
    bit_or: "int4",
    bit_xor: "int4",
  },
  int8: {
    sum: "numeric",
    avg: "numeric",
    ...spread("numeric"),
    count: "int8",
    bit_and: "int8",
    bit_or: "int8",
    bit_xor: "int8",
  },
  numeric: { sum: "numeric", avg: "numeric", ...spread("numeric"), count: "int8" },
  float4: { sum: "float4", avg: "float8", ...spread("float8"), count: "int8" },
  float8: { sum: "float8", avg: "float8", ...spread("float8"), count: "int8" },
  interval: { sum: "interval", avg: "interval" },
  money: { sum: "money" },
  bit: { bit_and: "bit", bit_or: "bit", bit_xor: "bit" },
  bool: { count: "int8", bool_and: "bool", bool_or: "bool" },
  text: { count: "int8" },
};

interface Case {
  readonly name: AggregateCall["name"];
  readonly argument: UpstreamType;
  readonly result: UpstreamType;
  readonly texts: readonly (string | null)[];
}

function typeOf(name: string): UpstreamType {
  return must(upstream.types.get(name), `type ${name}`);
}

function casesOf(argument: string): Case[] {
  const samples = fc.sample(fc.array(valuesOf(argument), { maxLength: 12 }), { numRuns: CASES, seed: SEED });
  const aggregates = Object.entries(must(RESULTS[argument]));
  return samples.flatMap((texts) =>
    aggregates.map(([name, result]) => ({
      name: name as AggregateCall["name"],
      argument: typeOf(argument),
      result: typeOf(result),
      texts,
    })),
  );
}

function caseSql({ name, argument, result, texts }: Case): string {
  const literals = texts.map((text) => literalSql({ type: argument, text }));
  const from = `unnest(ARRAY[${literals.join(", ")}]::"${argument.name}"[])`;
  return `${hexSql(`${name}(x)`, result)} FROM ${from} AS t(x)`;
}

/** Adds every value, and another one that is taken back again. */
async function evaluate(item: Case): Promise<string | null> {
  const argType = columnType(item.argument);
  const call: AggregateCall = {
    name: item.name,
    arg: null,
    distinct: false,
    type: columnType(item.result),
    inputCollation: 0,
    ...(item.result.name === "interval" && serverVersion >= VERSION_17 ? { infinities: true } : {}),
  };
  const accumulator = createAccumulator(call, argType, upstream.codecs);
  let state = accumulator.create();
  const hexes = await upstream.outcomes(
    item.texts.map((text) => hexSql(literalSql({ type: item.argument, text }), item.argument)),
  );
  const values = hexes.map((hex) => (hex === null ? null : Buffer.from(hex, "hex")));
  for (const value of values) state.add(value, 3);
  for (const value of values.toReversed()) state.add(value, -2);
  state = accumulator.deserialize(state.serialize());
  try {
    return state.result()?.toString("hex") ?? null;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return error.declined ? "declined" : `!${error.code}`;
  }
}

function floatOf(hex: string): number {
  const bytes = Buffer.from(hex, "hex");
  return bytes.length === 4 ? bytes.readFloatBE(0) : bytes.readDoubleBE(0);
}

/** PostgreSQL rounds after each addition, so its float sums may be some units off the exact one, relative to the terms. */
function isNear(actual: string, expected: string, item: Case): boolean {
  const [found, wanted] = [floatOf(actual), floatOf(expected)];
  if (Object.is(found, wanted) || (Number.isNaN(found) && Number.isNaN(wanted))) return true;
  const values = item.texts.map((text) => Number(text ?? 0));
  if (/var|stddev/.test(item.name)) {
    const power = item.name.startsWith("var") ? 1 : 2;
    const squares = values.reduce((sum, value) => sum + value * value, 0);
    return Math.abs(found ** power - wanted ** power) <= squares * 2 ** -46;
  }
  const magnitude = values.reduce((sum, value) => sum + Math.abs(value), 0);
  const unit = item.argument.name === "float4" && item.name === "sum" ? 2 ** -22 : 2 ** -49;
  return Math.abs(found - wanted) <= magnitude * unit;
}

/** Whether the answer is one that PostgreSQL could give. Overflow of a float sum depends on the order of the rows. */
function agrees(actual: string | null, expected: string | null, item: Case): boolean {
  // What is declined is asked of PostgreSQL.
  if (actual === expected || actual === "declined") return true;
  // PostgreSQL adds up intervals and money one by one: whether they overflow on the way depends on their order.
  if (
    (item.result.name === "interval" && expected === "!22008") ||
    (item.result.name === "money" && expected === "!22003")
  )
    return item.texts.some((text) => /2147483647|2147483648|178956970|2562047788|92233720368547758/.test(text ?? ""));
  if (!item.result.name.startsWith("float") || actual === null || expected === null) return false;
  if (expected === "!22003" || actual === "!22003")
    return item.texts.some((text) => Math.abs(Number(text)) > (/var|stddev/.test(item.name) ? 1e150 : 1e37));
  return !actual.startsWith("!") && !expected.startsWith("!") && isNear(actual, expected, item);
}

test("sums of infinite intervals are PostgreSQL's since version 17", async () => {
  if (serverVersion < VERSION_17) return expect(serverVersion).toBeLessThan(VERSION_17);
  const [argument] = [typeOf("interval")];
  const lists = [
    ["infinity"],
    ["-infinity", "-infinity", null],
    ["1 day", "infinity", "-3 mons"],
    ["-infinity", "04:00"],
    ["infinity", "-infinity"],
    ["infinity", "1 day", "-infinity"],
    ["178956970 years 7 mons", "1 mon", "infinity"],
    ["1 day", "2 days"],
    [null],
  ];
  const cases = ["sum", "avg"].flatMap((name) =>
    lists.map((texts): Case => ({ name: name as AggregateCall["name"], argument, result: argument, texts })),
  );
  const outcomes = await upstream.outcomes(cases.map(caseSql));
  const results: (string | null)[] = [];
  for (const item of cases) results.push(await evaluate(item));
  expect(results).toEqual(outcomes);
});

test.each(Object.keys(RESULTS))("aggregates over %s are PostgreSQL's", async (argument) => {
  const cases = casesOf(argument);
  const outcomes = await upstream.outcomes(cases.map(caseSql));
  const wrong: string[] = [];
  for (const [at, item] of cases.entries()) {
    const expected = outcomes[at] ?? null;
    const actual = await evaluate(item);
    if (!agrees(actual, expected, item)) wrong.push(`${caseSql(item)}: expected ${expected}, got ${actual}`);
  }
  expect(wrong.slice(0, 20), `seed ${SEED}: ${wrong.length} of ${cases.length} differ`).toEqual([]);
});
