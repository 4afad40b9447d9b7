import { must } from "@freshet/base";
import { type AggregateCall, columnsOf, type Expression } from "@freshet/sql";
import { type Codec, EMPTY_ROW, Oid, readArray, writeArray } from "@freshet/values";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { addIntervals, multiplyInterval, subtractIntervals } from "../expression/functions/interval-arithmetic.ts";
import { unsupported } from "../expression/unsupported.ts";
import { compileBytes, type CompileContext, requireCodec } from "../operators/evaluate.ts";

/** Between which two ranks (from 0) of the ordered values a percentile lies, and how far on the way to the second. */
export interface PercentileTarget {
  readonly first: number;
  readonly second: number;
  readonly proportion: number;
}

/** percentile_cont or percentile_disc with its fractions, which are the same for all groups. */
export interface Percentiles {
  /** Null for a fraction that is NULL. */
  readonly fractions: readonly (number | null)[];
  target(fraction: number, count: number): PercentileTarget;
  /** The percentile's value, from those at the target's ranks. */
  valueAt(target: PercentileTarget, first: Buffer, second: Buffer): Buffer;
  /** The aggregate's value over at least one row, from one value for each fraction. */
  finish(values: readonly (Buffer | null)[]): Buffer | null;
}

/** The value of an argument that is the same for all rows. */
function constantArgument(expression: Expression, context: CompileContext): Buffer | null {
  if (columnsOf(expression).size > 0) throw unsupported("a percentile whose fraction is a column");
  const view = new RowView();
  view.set(EMPTY_ROW, 0);
  try {
    return compileBytes(expression, [], context)(view);
  } catch (error) {
    if (error instanceof EvaluationError) throw unsupported(`a percentile whose fraction fails (${error.message})`);
    throw error;
  }
}

function readFraction(bytes: Buffer | null): number | null {
  if (bytes === null) return null;
  const fraction = bytes.readDoubleBE(0);
  if (fraction >= 0 && fraction <= 1) return fraction;
  throw unsupported(`percentile value ${fraction}, which is not between 0 and 1,`);
}

/** PostgreSQL's ranks of percentile_cont: on a line from the first to the last value. */
function continuousTarget(fraction: number, count: number): PercentileTarget {
  const rank = fraction * (count - 1);
  return { first: Math.floor(rank), second: Math.ceil(rank), proportion: rank - Math.floor(rank) };
}

/** PostgreSQL's rank of percentile_disc: the first that the fraction of all values has reached. */
function discreteTarget(fraction: number, count: number): PercentileTarget {
  const rank = Math.max(Math.ceil(fraction * count), 1) - 1;
  return { first: rank, second: rank, proportion: 0 };
}

type Between = (low: Buffer, high: Buffer, proportion: number) => Buffer;

function doubleBetween(low: Buffer, high: Buffer, proportion: number): Buffer {
  const from = low.readDoubleBE(0);
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(from + proportion * (high.readDoubleBE(0) - from));
  return bytes;
}

function intervalBetween(low: Buffer, high: Buffer, proportion: number): Buffer {
  return addIntervals(multiplyInterval(subtractIntervals(high, low), proportion), low);
}

/** What lies between two values of the types that percentile_cont takes. */
const BETWEEN: ReadonlyMap<number, Between> = new Map([
  [Oid.float8, doubleBetween],
  [Oid.interval, intervalBetween],
]);

type Finish = Percentiles["finish"];

/** `result` is what the percentile yields: for an array of fractions an array, whose elements may be of a domain. */
function readFractions(argument: Buffer | null, codec: Codec, result: Codec): [Percentiles["fractions"], Finish] {
  if (argument === null) return [[], () => null];
  if (codec.element === undefined) return [[readFraction(argument)], ([value]) => value ?? null];
  const { dimensions, elements } = must(readArray(argument, codec.element.oid), "malformed array of fractions");
  const { oid } = must(result.element, "an array of fractions yields an array");
  return [elements.map(readFraction), (values) => writeArray(oid, { dimensions, elements: values })];
}

/** Compiles the fractions of a call. Throws a FreshetError (0A000) for those that PostgreSQL refuses or that differ between groups. */
export function compilePercentiles(call: AggregateCall, context: CompileContext): Percentiles {
  const direct = must(call.direct?.[0], "a percentile without a fraction");
  const value = requireCodec(context, must(call.arg).type);
  const isContinuous = call.name === "percentile_cont";
  const between = BETWEEN.get(value.oid);
  if (isContinuous && between === undefined) throw unsupported(`percentile_cont(${value.name})`);
  const [fractions, finish] = readFractions(
    constantArgument(direct, context),
    requireCodec(context, direct.type),
    requireCodec(context, call.type),
  );
  return {
    fractions,
    target: isContinuous ? continuousTarget : discreteTarget,
    valueAt: ({ first: rank, second: next, proportion }, first, second) =>
      rank === next ? first : must(between)(first, second, proportion),
    finish,
  };
}
