import { type ColumnType, Oid } from "@freshet/values";
import type { CallExpression, Expression } from "../plan/expression.ts";

interface InternalFunction {
  readonly functionOid: number;
  readonly name: string;
  readonly typeOid: number;
}

const OF_TIMESTAMPS = {
  overlaps: { functionOid: 2041, name: "overlaps_timestamp", typeOid: Oid.bool },
  plus: { functionOid: 2032, name: "timestamp_pl_interval", typeOid: Oid.timestamp },
} as const;
const OF_TIMES = {
  overlaps: { functionOid: 1308, name: "overlaps_time", typeOid: Oid.bool },
  plus: { functionOid: 1747, name: "time_pl_interval", typeOid: Oid.time },
} as const;

interface OverlapsForm {
  readonly overlaps: InternalFunction;
  readonly plus: InternalFunction;
  /** Which of the two ends are given as lengths. */
  readonly lengths: readonly [first: boolean, second: boolean];
}

/** `(start, length) OVERLAPS …`: bodies in SQL that add the length to the start. */
const FORMS: ReadonlyMap<number, OverlapsForm> = new Map([
  [2042, { ...OF_TIMESTAMPS, lengths: [true, true] }],
  [2043, { ...OF_TIMESTAMPS, lengths: [false, true] }],
  [2044, { ...OF_TIMESTAMPS, lengths: [true, false] }],
  [1309, { ...OF_TIMES, lengths: [true, true] }],
  [1310, { ...OF_TIMES, lengths: [false, true] }],
  [1311, { ...OF_TIMES, lengths: [true, false] }],
]);

function call(
  { functionOid, name, typeOid }: InternalFunction,
  strict: boolean,
  args: readonly Expression[],
): CallExpression {
  const type: ColumnType = { typeOid, typmod: -1, collation: 0 };
  return { kind: "call", name, functionOid, strict, inputCollation: 0, args, type };
}

export function isOverlapsWithLength(functionOid: number): boolean {
  return FORMS.has(functionOid);
}

/** OVERLAPS of ends in place of lengths; undefined for every other function. */
export function overlapsOfEnds(functionOid: number, args: readonly Expression[]): CallExpression | undefined {
  const form = FORMS.get(functionOid);
  const [start1, end1, start2, end2] = args;
  if (form === undefined || !start1 || !end1 || !start2 || !end2) return undefined;
  const end = (start: Expression, given: Expression, isLength: boolean): Expression => {
    return isLength ? call(form.plus, true, [start, given]) : given;
  };
  const [first, second] = form.lengths;
  return call(form.overlaps, false, [start1, end(start1, end1, first), start2, end(start2, end2, second)]);
}
