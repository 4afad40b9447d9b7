import { type Decimal, intervalSpan } from "@freshet/values";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { finiteInterval } from "../functions/interval-arithmetic.ts";
import { plusInterval } from "../functions/interval-moments.ts";
import { addDecimals } from "../numeric/arithmetic.ts";
import type { SetFunctionTable } from "./set-function.ts";

const INT4_MIN = -2_147_483_648;
const INT4_MAX = 2_147_483_647;
const INT8_MIN = -(2n ** 63n);
const INT8_MAX = 2n ** 63n - 1n;
const ONE: Decimal = { kind: "finite", unscaled: 1n, scale: 0 };

function invalid(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.invalidParameterValue, message);
}

function* int4Series(start: number, stop: number, step: number): Iterable<number> {
  if (step === 0) throw invalid("step size cannot equal zero");
  for (let next = start; step > 0 ? next <= stop : next >= stop; next += step) {
    // The series ends where the type does.
    if (next < INT4_MIN || next > INT4_MAX) return;
    yield next;
  }
}

function* int8Series(start: bigint, stop: bigint, step: bigint): Iterable<bigint> {
  if (step === 0n) throw invalid("step size cannot equal zero");
  for (let next = start; step > 0n ? next <= stop : next >= stop; next += step) {
    if (next < INT8_MIN || next > INT8_MAX) return;
    yield next;
  }
}

function checkFinite(value: Decimal, name: string): void {
  if (value.kind === "nan") throw invalid(`${name} cannot be NaN`);
  if (value.kind !== "finite") throw invalid(`${name} cannot be infinity`);
}

/** Whether a is at most b; both are finite. */
function atMost(a: Decimal, b: Decimal): boolean {
  const scale = Math.max(a.scale, b.scale);
  return a.unscaled * 10n ** BigInt(scale - a.scale) <= b.unscaled * 10n ** BigInt(scale - b.scale);
}

function* numericSeries(start: Decimal, stop: Decimal, step: Decimal): Iterable<Decimal> {
  checkFinite(start, "start value");
  checkFinite(stop, "stop value");
  checkFinite(step, "step size");
  if (step.unscaled === 0n) throw invalid("step size cannot equal zero");
  const rising = step.unscaled > 0n;
  for (let next = start; rising ? atMost(next, stop) : atMost(stop, next); next = addDecimals(next, step)) yield next;
}

/** As PostgreSQL does it, each moment is computed before the one in front of it is put out. */
function* timestampSeries(start: bigint, stop: bigint, bytes: Buffer): Iterable<bigint> {
  const step = finiteInterval(bytes);
  const sign = intervalSpan(step);
  if (sign === 0n) throw invalid("step size cannot equal zero");
  let next = start;
  while (sign > 0n ? next <= stop : next >= stop) {
    const current = next;
    next = plusInterval(current, step);
    yield current;
  }
}

export const SERIES: SetFunctionTable = {
  generate_series_int4: (start: number, stop: number) => int4Series(start, stop, 1),
  generate_series_step_int4: int4Series,
  generate_series_int8: (start: bigint, stop: bigint) => int8Series(start, stop, 1n),
  generate_series_step_int8: int8Series,
  generate_series_numeric: (start: Decimal, stop: Decimal) => numericSeries(start, stop, ONE),
  generate_series_step_numeric: numericSeries,
  generate_series_timestamp: timestampSeries,
};
