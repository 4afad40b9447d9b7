import type { AggregateCall } from "@freshet/sql";
import { finiteDecimal, Oid } from "@freshet/values";
import type { CodecSet, ColumnType, Decimal } from "@freshet/values";
import { requireCodec, typeName, unsupported } from "../expression/unsupported.ts";
import type { Accumulator } from "./accumulator.ts";
import { bitAccumulator, type BitAggregate } from "./bit-state.ts";
import { bitStringAccumulator } from "./bit-string-state.ts";
import { truthAccumulator } from "./bool-state.ts";
import { countAccumulator } from "./count-state.ts";
import { floatDeviationAccumulator } from "./float-moments.ts";
import { floatAverageAccumulator, floatSumAccumulator } from "./float-state.ts";
import {
  bigintSumAccumulator,
  integerAverageAccumulator,
  integerSumAccumulator,
  type IntegerWidth,
} from "./integer-state.ts";
import { type DeviationAggregate, deviationAccumulator } from "./numeric-moments.ts";
import { numericAverageAccumulator, numericSumAccumulator } from "./numeric-state.ts";
import { infiniteIntervalAverageAccumulator, infiniteIntervalSumAccumulator } from "./infinite-interval-state.ts";
import { intervalAverageAccumulator, intervalSumAccumulator } from "./interval-state.ts";
import { isRegressionAggregate, regressionAccumulator } from "./regression-state.ts";

/**
 * The accumulator of an aggregate that is computed from running totals; `argType` is null for count(*). min,
 * max and the like are not here: taking values back needs the ordered values themselves. DISTINCT is the caller's: it adds each
 * distinct value once. Throws a FreshetError (0A000) for other argument types.
 */
export function createAccumulator(call: AggregateCall, argType: ColumnType | null, codecs: CodecSet): Accumulator {
  if (call.name === "count") return countAccumulator(argType === null);
  if (call.infinities === true && call.name === "sum") return infiniteIntervalSumAccumulator();
  if (call.infinities === true && call.name === "avg") return infiniteIntervalAverageAccumulator();
  const accumulator = argType === null ? undefined : accumulatorOf(call.name, argType.typeOid, codecs);
  if (accumulator !== undefined) return accumulator;
  throw unsupported(`aggregate ${call.name}(${argType === null ? "*" : typeName(argType, codecs)})`);
}

function accumulatorOf(name: AggregateCall["name"], oid: number, codecs: CodecSet): Accumulator | undefined {
  switch (name) {
    case "sum":
      return sumAccumulator(oid, codecs);
    case "avg":
      return averageAccumulator(oid, codecs);
    case "bool_and":
    case "bool_or":
      return truthAccumulator(name);
    case "bit_and":
    case "bit_or":
    case "bit_xor":
      return bitwiseAccumulator(name, oid);
    case "var_pop":
    case "var_samp":
    case "stddev_pop":
    case "stddev_samp":
      return spreadAccumulator(name, oid, codecs);
    case "regr_count":
      return countAccumulator(false);
    default:
      return isRegressionAggregate(name) ? regressionAccumulator(name) : undefined;
  }
}

function spreadAccumulator(name: DeviationAggregate, oid: number, codecs: CodecSet): Accumulator | undefined {
  const numeric = requireCodec(NUMERIC, codecs);
  const width = INTEGER_WIDTHS.get(oid);
  if (width !== undefined)
    return deviationAccumulator(name, (bytes) => finiteDecimal(readInteger(bytes, width), 0), numeric);
  if (oid === Oid.numeric) return deviationAccumulator(name, (bytes) => numeric.decode(bytes) as Decimal, numeric);
  if (oid === Oid.float4) return floatDeviationAccumulator(name, 4);
  return oid === Oid.float8 ? floatDeviationAccumulator(name, 8) : undefined;
}

function readInteger(bytes: Buffer, width: IntegerWidth): bigint {
  return width === 8 ? bytes.readBigInt64BE(0) : BigInt(bytes.readIntBE(0, width));
}

function bitwiseAccumulator(name: BitAggregate, oid: number): Accumulator | undefined {
  if (oid === Oid.bit) return bitStringAccumulator(name);
  const width = INTEGER_WIDTHS.get(oid);
  return width === undefined ? undefined : bitAccumulator(name, width);
}

const INTEGER_WIDTHS: ReadonlyMap<number, IntegerWidth> = new Map([
  [Oid.int2, 2],
  [Oid.int4, 4],
  [Oid.int8, 8],
]);

const NUMERIC: ColumnType = { typeOid: Oid.numeric, typmod: -1, collation: 0 };

function sumAccumulator(oid: number, codecs: CodecSet): Accumulator | undefined {
  switch (oid) {
    case Oid.int2:
      return integerSumAccumulator(2);
    case Oid.int4:
      return integerSumAccumulator(4);
    case Oid.int8:
      return bigintSumAccumulator(requireCodec(NUMERIC, codecs));
    case Oid.numeric:
      return numericSumAccumulator(requireCodec(NUMERIC, codecs));
    case Oid.float4:
      return floatSumAccumulator(4);
    case Oid.float8:
      return floatSumAccumulator(8);
    case Oid.money:
      return integerSumAccumulator(8);
    case Oid.interval:
      return intervalSumAccumulator();
    default:
      return undefined;
  }
}

function averageAccumulator(oid: number, codecs: CodecSet): Accumulator | undefined {
  switch (oid) {
    case Oid.int2:
      return integerAverageAccumulator(2, requireCodec(NUMERIC, codecs));
    case Oid.int4:
      return integerAverageAccumulator(4, requireCodec(NUMERIC, codecs));
    case Oid.int8:
      return integerAverageAccumulator(8, requireCodec(NUMERIC, codecs));
    case Oid.numeric:
      return numericAverageAccumulator(requireCodec(NUMERIC, codecs));
    case Oid.float4:
      return floatAverageAccumulator(4);
    case Oid.float8:
      return floatAverageAccumulator(8);
    case Oid.interval:
      return intervalAverageAccumulator();
    default:
      return undefined;
  }
}
