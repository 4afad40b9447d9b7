import { compareDecimal, type Decimal, finiteDecimal, powerOfTen, type Value } from "@freshet/values";
import { unsupported } from "../expression/unsupported.ts";
import { MOMENTS_IN_RANGE } from "./moments-in-range.ts";
import { negativeOffset } from "./negative-offset.ts";
import type { InRange } from "./range-test.ts";

function integerInRange(offset: Value): InRange {
  const distance = BigInt(offset as number | bigint);
  if (distance < 0n) throw negativeOffset();
  // PostgreSQL takes a bound beyond the type's range for one that lies behind all values: so does unbounded arithmetic.
  return (value, base, sub, less) => {
    const from = BigInt(base as number | bigint);
    const bound = sub ? from - distance : from + distance;
    const at = BigInt(value as number | bigint);
    return less ? at <= bound : at >= bound;
  };
}

function floatInRange(offset: Value): InRange {
  const distance = offset as number;
  if (Number.isNaN(distance) || distance < 0) throw negativeOffset();
  return (value, base, sub, less) => {
    const [at, from] = [value as number, base as number];
    if (Number.isNaN(at)) return Number.isNaN(from) || !less;
    if (Number.isNaN(from)) return less;
    // An infinite base and an offset that would meet it from the other side: everything is in range.
    if (distance === Number.POSITIVE_INFINITY && !Number.isFinite(from) && (sub ? from > 0 : from < 0)) return true;
    const bound = sub ? from - distance : from + distance;
    return less ? at <= bound : at >= bound;
  };
}

function sumOf(a: Decimal, b: Decimal, sub: boolean): Decimal {
  const scale = Math.max(a.scale, b.scale);
  const left = a.unscaled * powerOfTen(scale - a.scale);
  const right = b.unscaled * powerOfTen(scale - b.scale);
  return finiteDecimal(sub ? left - right : left + right, scale);
}

function decimalInRange(offset: Value): InRange {
  const distance = offset as Decimal;
  const negative = distance.kind === "-infinity" || (distance.kind === "finite" && distance.unscaled < 0n);
  if (distance.kind === "nan" || negative) throw negativeOffset();
  return (value, base, sub, less) => {
    const [at, from] = [value as Decimal, base as Decimal];
    if (at.kind === "nan") return from.kind === "nan" || !less;
    if (from.kind === "nan") return less;
    if (distance.kind === "infinity") {
      if (from.kind === (sub ? "infinity" : "-infinity")) return true;
      // base - infinity is -infinity, base + infinity is infinity.
      return sub ? (less ? at.kind === "-infinity" : true) : less ? true : at.kind === "infinity";
    }
    const bound = from.kind === "finite" ? sumOf(from, distance, sub) : from;
    const order = compareDecimal(at, bound);
    return less ? order <= 0 : order >= 0;
  };
}

const MAKERS: ReadonlyMap<string, (offset: Value) => InRange> = new Map([
  ["in_range_int2_int2", integerInRange],
  ["in_range_int2_int4", integerInRange],
  ["in_range_int2_int8", integerInRange],
  ["in_range_int4_int2", integerInRange],
  ["in_range_int4_int4", integerInRange],
  ["in_range_int4_int8", integerInRange],
  ["in_range_int8_int8", integerInRange],
  ["in_range_float8_float8", floatInRange],
  ["in_range_float4_float8", floatInRange],
  ["in_range_numeric_numeric", decimalInRange],
  ...MOMENTS_IN_RANGE,
]);

/** The comparison with a fixed offset; a FreshetError (0A000) when the engine lacks the type or the offset is negative. */
export function compileInRange(symbol: string, offset: Value): InRange {
  const make = MAKERS.get(symbol);
  if (make === undefined) throw unsupported(`a RANGE offset compared by ${symbol}`);
  return make(offset);
}
