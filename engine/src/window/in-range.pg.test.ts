import { FreshetError, must, runsMultiplier, sampleSeed } from "@freshet/base";
import type { Value } from "@freshet/values";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { hexSql, literalSql, startUpstream, type Upstream } from "../expression/testing/upstream.ts";
import { valuesOf } from "../expression/testing/value-pools.ts";
import { compileInRange } from "./in-range.ts";
import { compileBoundCheck } from "./moments-in-range.ts";

let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

afterAll(() => upstream.stop());

const SEED = sampleSeed();
const CASES = 150 * runsMultiplier();

const INTERVALS = fc.constantFrom(
  "0",
  "1 day",
  "1 month",
  "02:30",
  "00:00:01",
  "36:00",
  "300000:00",
  "1 mon -30 days",
  "-1 day",
  "1 day -25:00",
  "-00:00:00.000001",
  "100 years",
  "178956970 years",
  "2147483647 days",
  "infinity",
);
const WHOLES = fc.constantFrom("0", "1", "7", "32767", "-1");
const FRACTIONS = fc.constantFrom("0", "0.5", "3", "1e300", "-1", "NaN", "Infinity");

/** The types of value and offset, and what offsets to try. */
const COMPARISONS: readonly (readonly [value: string, offset: string, offsets: fc.Arbitrary<string>])[] = [
  ["int2", "int2", WHOLES],
  ["int4", "int4", WHOLES],
  ["int8", "int8", WHOLES],
  ["float4", "float8", FRACTIONS],
  ["float8", "float8", FRACTIONS],
  ["numeric", "numeric", FRACTIONS],
  ["date", "interval", INTERVALS],
  ["timestamp", "interval", INTERVALS],
  ["timestamptz", "interval", INTERVALS],
  ["interval", "interval", INTERVALS],
  ["time", "interval", INTERVALS],
  ["timetz", "interval", INTERVALS],
];

interface Case {
  readonly at: string;
  readonly base: string;
  readonly offset: string;
  readonly sub: boolean;
  readonly less: boolean;
}

/** Of both rows of a frame both bounds must exist. */
function attempt(symbol: string, values: { at: Value; base: Value; offset: Value }, item: Case): string {
  try {
    const inRange = compileInRange(symbol, values.offset);
    const check = compileBoundCheck(symbol, values.offset);
    check?.(values.base, item.sub);
    return String(inRange(values.at, values.base, item.sub, item.less));
  } catch (error) {
    if (error instanceof EvaluationError) return error.declined ? "declined" : `!${error.code}`;
    if (error instanceof FreshetError) return "refused";
    throw error;
  }
}

async function binaryOf(type: string, text: string): Promise<Value> {
  const upstreamType = must(upstream.types.get(type));
  const [hex] = await upstream.outcomes([hexSql(literalSql({ type: upstreamType, text }), upstreamType)]);
  return must(upstream.codecs.get(upstreamType.oid)).decode(Buffer.from(must(hex ?? undefined), "hex"));
}

/** Frames ask PostgreSQL of dates beyond timestamp's range too, which fail at their own rows. */
const isFailure = (outcome: string): boolean => outcome.startsWith("!");

test.each(COMPARISONS)("%s by an offset of %s", async (valueType, offsetType, offsets) => {
  const values = valuesOf(valueType).filter((text) => text !== null);
  const arbitrary = fc.record({ at: values, base: values, offset: offsets, sub: fc.boolean(), less: fc.boolean() });
  const cases: Case[] = fc
    .sample(arbitrary, { numRuns: CASES, seed: SEED })
    .map((item) => ({ ...item, at: item.at ?? "", base: item.base ?? "" }))
    .filter(({ offset }) => !upstream.isOlder || offset !== "infinity");
  const literal = (type: string, text: string): string => literalSql({ type: must(upstream.types.get(type)), text });
  const expected = await upstream.outcomes(
    cases.map(({ at, base, offset, sub, less }) => {
      const args = [literal(valueType, at), literal(valueType, base), literal(offsetType, offset), sub, less];
      return `pg_catalog.in_range(${args.join(", ")})`;
    }),
  );
  const wrong: string[] = [];
  let answered = 0;
  for (const [index, item] of cases.entries()) {
    const decoded = {
      at: await binaryOf(valueType, item.at),
      base: await binaryOf(valueType, item.base),
      offset: await binaryOf(offsetType, item.offset),
    };
    const actual = attempt(`in_range_${valueType}_${offsetType}`, decoded, item);
    const outcome = expected[index] ?? "null";
    if (actual === "refused" || actual === "declined") continue;
    answered++;
    if (isFailure(outcome) && isFailure(actual)) continue;
    const isBeyond = valueType === "date" && outcome === "!22008" && Math.abs(decoded.at as number) > 100_000_000;
    if (actual !== outcome.replace(/^t$/, "true").replace(/^f$/, "false") && !isBeyond) {
      wrong.push(`${JSON.stringify(item)}: expected ${outcome}, got ${actual}`);
    }
  }
  expect(wrong.slice(0, 10), `seed ${SEED}`).toEqual([]);
  expect(answered).toBeGreaterThan(cases.length / 4);
});
