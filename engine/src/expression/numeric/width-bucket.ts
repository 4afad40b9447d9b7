import { compareDecimal } from "@freshet/values";
import type { Decimal } from "@freshet/values";
import { declined, EvaluationError, EvaluationState, outOfRange } from "../evaluation-error.ts";
import { subtractDecimals } from "./arithmetic.ts";
import { unscaledAt } from "./decimal.ts";

function bucketError(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.invalidArgumentForWidthBucket, message);
}

function lastBucket(count: number): number {
  if (count === 0x7fff_ffff) throw outOfRange("integer out of range");
  return count + 1;
}

function checkCount(count: number): void {
  if (count <= 0) throw bucketError("count must be greater than zero");
}

/** `width_bucket(float8, float8, float8, int4)`. */
export function floatBucket(operand: number, low: number, high: number, count: number): number {
  checkCount(count);
  if (Number.isNaN(operand) || Number.isNaN(low) || Number.isNaN(high)) {
    throw bucketError("operand, lower bound, and upper bound cannot be NaN");
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) throw bucketError("lower and upper bounds must be finite");
  if (low === high) throw bucketError("lower bound cannot equal upper bound");
  const [from, to, value] = low < high ? [low, high, operand] : [-low, -high, -operand];
  if (value < from) return 0;
  if (value >= to) return lastBucket(count);
  // Where the distance overflows, PostgreSQL's majors round differently.
  if (!Number.isFinite(to - from)) throw declined("width_bucket() of bounds this far apart");
  return Math.min(Math.trunc(count * ((value - from) / (to - from))), count - 1) + 1;
}

/** Digits of a quotient beyond which PostgreSQL's majors may round it up to the next bucket. */
const DOUBTFUL = 1_000_000_000_000n;

/** `width_bucket(numeric, numeric, numeric, int4)`. */
export function decimalBucket(operand: Decimal, low: Decimal, high: Decimal, count: number): number {
  checkCount(count);
  if (operand.kind === "nan" || low.kind === "nan" || high.kind === "nan") {
    throw bucketError("operand, lower bound, and upper bound cannot be NaN");
  }
  if (low.kind !== "finite" || high.kind !== "finite") throw bucketError("lower and upper bounds must be finite");
  const order = compareDecimal(low, high);
  if (order === 0) throw bucketError("lower bound cannot equal upper bound");
  if (compareDecimal(operand, low) * -order < 0) return 0;
  if (compareDecimal(operand, high) * -order >= 0) return lastBucket(count);
  const distance = subtractDecimals(operand, low);
  const width = subtractDecimals(high, low);
  const scale = Math.max(distance.scale, width.scale);
  const numerator = unscaledAt(distance, scale) * BigInt(count);
  const denominator = unscaledAt(width, scale);
  const bucket = numerator / denominator;
  const rest = ((numerator - bucket * denominator) * DOUBTFUL) / denominator;
  if (rest === DOUBTFUL - 1n) throw declined("width_bucket() so near the next bucket");
  return Number(bucket) + 1;
}
