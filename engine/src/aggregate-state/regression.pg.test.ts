import { must, runsMultiplier, sampleSeed } from "@freshet/base";
import { Oid, packRow } from "@freshet/values";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { columnType, hexSql, startUpstream } from "../expression/testing/upstream.ts";
import type { Upstream } from "../expression/testing/upstream.ts";
import { createAccumulator } from "./create-accumulator.ts";
import type { RegressionAggregate } from "./regression-state.ts";

let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const CASES = 60 * runsMultiplier();

const AGGREGATES: readonly (RegressionAggregate | "regr_count")[] = [
  "covar_pop",
  "covar_samp",
  "corr",
  "regr_count",
  "regr_sxx",
  "regr_syy",
  "regr_sxy",
  "regr_avgx",
  "regr_avgy",
  "regr_r2",
  "regr_slope",
  "regr_intercept",
];

/** Sums of them are exact in any order; what PostgreSQL's divisions round is far below the tolerance. */
const numbers = fc.option(
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom("0", "1", "2", "3", "-1.5", "0.125", "-2.25", "1024.5", "-0") },
    { weight: 1, arbitrary: fc.constantFrom("NaN", "Infinity", "-Infinity") },
  ),
  { freq: 12 },
);

type Pair = readonly [string | null, string | null];

function double(text: string | null): Buffer | null {
  if (text === null) return null;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(Number(text));
  return bytes;
}

/** The value after pairs have come, and some of them gone again. */
function evaluate(name: (typeof AGGREGATES)[number], pairs: readonly Pair[], resultOid: number): string | null {
  const float8 = must(upstream.types.get("float8"));
  const column = { kind: "column", index: 0, type: columnType(float8) } as const;
  const type = { typeOid: resultOid, typmod: -1, collation: 0 };
  const call = { name, arg: column, rest: [column], distinct: false, type, inputCollation: 0 };
  const accumulator = createAccumulator(call, columnType(float8), upstream.codecs);
  let state = accumulator.create();
  const add = ([y, x]: Pair, weight: number): void =>
    state.add(y === null || x === null ? null : packRow([double(y), double(x)]), weight);
  for (const pair of pairs) add(pair, 2);
  state = accumulator.deserialize(state.serialize());
  for (const pair of pairs.toReversed()) add(pair, -1);
  return state.result()?.toString("hex") ?? null;
}

function isNear(actual: string | null, expected: string | null): boolean {
  if (actual === expected || actual === null || expected === null) return actual === expected;
  const [found, wanted] = [actual, expected].map((hex) => Buffer.from(hex, "hex").readDoubleBE(0));
  if (found === undefined || wanted === undefined) return false;
  if (Number.isNaN(found) && Number.isNaN(wanted)) return true;
  return found === wanted || Math.abs(found - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted));
}

test.each(AGGREGATES)("%s is PostgreSQL's", async (name) => {
  const samples = fc.sample(fc.array(fc.tuple(numbers, numbers), { maxLength: 8 }), { numRuns: CASES, seed: SEED });
  const result = must(upstream.types.get(name === "regr_count" ? "int8" : "float8"));
  const literal = (text: string | null): string => (text === null ? "NULL::float8" : `'${text}'::float8`);
  const statements = samples.map((pairs) => {
    const rows = pairs.map(([y, x]) => `(${literal(y)}, ${literal(x)})`);
    const from = `(VALUES (NULL::float8, NULL::float8)${rows.map((row) => `, ${row}`).join("")}) AS t(y, x)`;
    return `${hexSql(`${name}(y, x)`, result)} FROM ${from}`;
  });
  const outcomes = await upstream.outcomes(statements);
  const wrong = samples.flatMap((pairs, at) => {
    const [actual, expected] = [evaluate(name, pairs, result.oid), outcomes[at] ?? null];
    const agrees = result.oid === Oid.int8 ? actual === expected : isNear(actual, expected);
    return agrees ? [] : [`${statements[at]}: expected ${expected}, got ${actual}`];
  });
  expect(wrong.slice(0, 10), `seed ${SEED}`).toEqual([]);
});
