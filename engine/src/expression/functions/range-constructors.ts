import { type Codec, normalizeRange, type Value, writeRange } from "@freshet/values";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { comparePositions, RangeReader } from "./range-positions.ts";
import type { NullableBuilder } from "./scalar-function.ts";

const FLAGS = ["[]", "[)", "(]", "()"] as const;

/** `int4range(lower, upper)`, also with flags; NULL stands for no bound. */
function constructRange(
  subtype: Codec,
  reader: RangeReader,
  from: Value | null,
  to: Value | null,
  flags: string,
): Buffer {
  if (from !== null && to !== null && comparePositions(reader.value(from), reader.value(to)) > 0) {
    const message = "range lower bound must be less than or equal to range upper bound";
    throw new EvaluationError(EvaluationState.dataException, message);
  }
  const range = normalizeRange(
    {
      lower: { value: from === null ? null : subtype.encode(from), inclusive: from !== null && flags.startsWith("[") },
      upper: { value: to === null ? null : subtype.encode(to), inclusive: to !== null && flags.endsWith("]") },
    },
    subtype,
  );
  if (range === undefined) throw declined("a range whose bound has no successor");
  return writeRange(range);
}

/** The bounds' type is the subtype: each built-in one has one range type. */
const constructor: NullableBuilder = (argTypes, codecs) => {
  const subtype = codecs.get(argTypes[0]?.typeOid ?? 0);
  if (subtype === undefined) return undefined;
  const reader = new RangeReader(subtype);
  return (from, to, flags = "[)") => {
    if (flags === null)
      throw new EvaluationError(EvaluationState.dataException, "range constructor flags argument must not be null");
    const known = FLAGS.find((form) => form === flags);
    if (known === undefined) throw declined("range bounds of this form");
    return constructRange(subtype, reader, from ?? null, to ?? null, known);
  };
};

export const RANGE_CONSTRUCTORS: Readonly<Record<string, NullableBuilder>> = {
  range_constructor2: constructor,
  range_constructor3: constructor,
};
