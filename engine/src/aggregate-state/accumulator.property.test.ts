import { environment, must } from "@freshet/base";
import type { AggregateName } from "@freshet/sql";
import { createCodecs, DEFAULT_TEXT_SETTINGS, Oid } from "@freshet/values";
import type { ColumnType } from "@freshet/values";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { valuesOf } from "../expression/testing/value-pools.ts";
import type { AggregateState } from "./accumulator.ts";
import { createAccumulator } from "./create-accumulator.ts";

const RUNS = { numRuns: 150 * Number(environment()["FC_RUNS_MULTIPLIER"] ?? 1) };
const codecs = createCodecs([]);

const SUMS: readonly AggregateName[] = ["count", "sum", "avg", "var_pop", "var_samp", "stddev_samp"];
const BITS: readonly AggregateName[] = ["bit_and", "bit_or", "bit_xor"];
const AGGREGATES: Readonly<Record<ArgumentName, readonly AggregateName[]>> = {
  int2: [...SUMS, ...BITS],
  int4: [...SUMS, ...BITS],
  int8: [...SUMS, ...BITS],
  numeric: SUMS,
  float4: SUMS,
  float8: SUMS,
  bool: ["count", "bool_and", "bool_or"],
  interval: ["sum", "avg"],
  bit: BITS,
};

function columnType(typeOid: number): ColumnType {
  return { typeOid, typmod: -1, collation: 0 };
}

const ARGUMENTS = {
  int2: Oid.int2,
  int4: Oid.int4,
  int8: Oid.int8,
  numeric: Oid.numeric,
  float4: Oid.float4,
  float8: Oid.float8,
  bool: Oid.bool,
  interval: Oid.interval,
  bit: Oid.bit,
};
type ArgumentName = keyof typeof ARGUMENTS;
const NAMES = Object.keys(ARGUMENTS) as ArgumentName[];

function accumulatorOf(name: AggregateName, argument: ArgumentName): ReturnType<typeof createAccumulator> {
  const type = columnType(ARGUMENTS[argument]);
  return createAccumulator({ name, arg: null, distinct: false, type, inputCollation: 0 }, type, codecs);
}

/** Values as bytes. A spelling that the codec leaves to PostgreSQL (a rounded float4) is no value here. */
function bytesOf(argument: ArgumentName): fc.Arbitrary<Buffer | null> {
  const codec = must(codecs.get(ARGUMENTS[argument]));
  return valuesOf(argument).map((text) =>
    text === null ? null : (codec.fromText(text, DEFAULT_TEXT_SETTINGS) ?? null),
  );
}

function outcome(state: AggregateState): string | null {
  try {
    return state.result()?.toString("hex") ?? null;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return `!${error.code}`;
  }
}

const weights = fc.integer({ min: 1, max: 5 });

test.each(NAMES)("states over %s depend on the present values only, also in their bytes", (argument) => {
  const values = fc.array(fc.tuple(bytesOf(argument), weights), { maxLength: 10 });
  fc.assert(
    fc.property(values, values, fc.infiniteStream(fc.nat()), fc.boolean(), (kept, passing, order, reopened) => {
      for (const name of AGGREGATES[argument]) {
        const accumulator = accumulatorOf(name, argument);
        const plain = accumulator.create();
        for (const [bytes, weight] of kept) plain.add(bytes, weight);

        const steps = [
          ...kept,
          ...passing,
          ...passing.map(([bytes, weight]): [Buffer | null, number] => [bytes, -weight]),
        ];
        const shuffled = steps
          .map((step) => ({ step, rank: must(order.next().value) }))
          .toSorted((a, b) => a.rank - b.rank);
        let state = accumulator.create();
        for (const { step } of shuffled) {
          state.add(...step);
          if (reopened) state = accumulator.deserialize(state.serialize());
        }
        expect(state.serialize()).toEqual(plain.serialize());
        expect(outcome(state)).toBe(outcome(plain));
      }
    }),
    RUNS,
  );
});

test("sums of integers are exact at any size", () => {
  const int8 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const weight = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.oneof(int8, fc.bigInt({ min: -9n, max: 9n })), weight), { minLength: 1 }),
      (steps) => {
        const state = accumulatorOf("sum", "int8").create();
        const count = accumulatorOf("count", "int8").create();
        for (const [value, times] of steps) {
          const bytes = Buffer.alloc(8);
          bytes.writeBigInt64BE(value);
          state.add(bytes, times);
          count.add(bytes, times);
        }
        const present = steps.reduce((sum, [, times]) => sum + times, 0);
        expect(count.result()?.readBigInt64BE(0)).toBe(BigInt(present));
        const total = steps.reduce((sum, [value, times]) => sum + value * BigInt(times), 0n);
        const result = state.result();
        const decimal = result === null ? null : must(codecs.get(Oid.numeric)).decode(result);
        expect(decimal).toEqual(present === 0 ? null : { kind: "finite", unscaled: total, scale: 0 });
      },
    ),
    RUNS,
  );
});

test("a float sum is the exact sum rounded once", () => {
  const double = must(codecs.get(Oid.float8));
  const small = fc.integer({ min: -(2 ** 50), max: 2 ** 50 });
  fc.assert(
    fc.property(small, fc.double({ noNaN: true, noDefaultInfinity: true }), (value, noise) => {
      const state = accumulatorOf("sum", "float8").create();
      for (const term of [noise, value, -noise]) state.add(double.encode(term), 1);
      expect(double.decode(must(state.result()))).toBe(value);
    }),
    RUNS,
  );
});
