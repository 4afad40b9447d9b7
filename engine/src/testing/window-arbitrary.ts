import {
  type AggregateCall,
  type Expression,
  type FrameBound,
  HYPOTHETICAL_AGGREGATES,
  ORDERED_SET_AGGREGATES,
  type Plan,
  type WindowCall,
  type WindowFrame,
} from "@freshet/sql";
import type { ColumnType } from "@freshet/values";
import fc from "fast-check";

const INT4: ColumnType = { typeOid: 23, typmod: -1, collation: 0 };
const INT8: ColumnType = { typeOid: 20, typmod: -1, collation: 0 };
const FLOAT8: ColumnType = { typeOid: 701, typmod: -1, collation: 0 };

/** What of the plan's grammar windows are made of. */
export interface WindowParts {
  readonly expression: fc.Arbitrary<Expression>;
  readonly integer: fc.Arbitrary<Expression>;
  readonly aggregate: fc.Arbitrary<AggregateCall>;
}

function constant(type: ColumnType, value: number): Expression {
  const bytes = Buffer.alloc(type === INT8 ? 8 : 4);
  if (type === INT8) bytes.writeBigInt64BE(BigInt(value));
  else bytes.writeInt32BE(value);
  return { kind: "constant", value: bytes.toString("latin1"), type };
}

const exclusions = fc.constantFrom(
  "none" as const,
  "none" as const,
  "current-row" as const,
  "group" as const,
  "ties" as const,
);

function bounds(mode: WindowFrame["mode"]): fc.Arbitrary<readonly [FrameBound, FrameBound]> {
  const offset = fc.integer({ min: 0, max: 3 }).map((value) => constant(mode === "range" ? INT4 : INT8, value));
  const current: fc.Arbitrary<FrameBound> = fc.constant({ kind: "current" });
  const unbounded: fc.Arbitrary<FrameBound> = fc.constant({ kind: "unbounded" });
  const shifted = (kind: "preceding" | "following"): fc.Arbitrary<FrameBound> =>
    offset.map((value) => ({ kind, offset: value }));
  const [back, forward] = [shifted("preceding"), shifted("following")];
  return fc.oneof(
    fc.tuple(fc.oneof(unbounded, back, current), fc.oneof(current, forward, unbounded)),
    fc.tuple(fc.oneof(unbounded, back), back),
    fc.tuple(forward, fc.oneof(forward, unbounded)),
  );
}

function frames(isRangeable: boolean): fc.Arbitrary<WindowFrame> {
  return fc.constantFrom("rows" as const, "groups" as const, "range" as const).chain((mode) => {
    const plain: fc.Arbitrary<readonly [FrameBound, FrameBound]> = fc.constantFrom(
      [{ kind: "unbounded" }, { kind: "current" }] as const,
      [{ kind: "current" }, { kind: "unbounded" }] as const,
      [{ kind: "unbounded" }, { kind: "unbounded" }] as const,
      [{ kind: "current" }, { kind: "current" }] as const,
    );
    const chosen = mode !== "range" || isRangeable ? bounds(mode) : plain;
    return fc.record({ pair: chosen, exclude: exclusions }).map(({ pair: [start, end], exclude }) => {
      const offsets = [start, end].some((bound) => bound.kind === "preceding" || bound.kind === "following");
      return { mode, start, end, exclude, inRange: mode === "range" && offsets ? "in_range_int4_int4" : null };
    });
  });
}

function calls(parts: WindowParts, isRangeable: boolean): fc.Arbitrary<WindowCall> {
  const frame = frames(isRangeable);
  const places = fc.integer({ min: 1, max: 3 }).map((value) => constant(INT4, value));
  const offsets = fc.oneof(
    fc.integer({ min: -2, max: 2 }).map((value) => constant(INT4, value)),
    parts.integer,
  );
  return fc.oneof(
    fc
      .constantFrom("row_number" as const, "rank" as const, "dense_rank" as const)
      .map((name): WindowCall => ({ kind: "function", name, args: [], type: INT8 })),
    fc
      .constantFrom("percent_rank" as const, "cume_dist" as const)
      .map((name): WindowCall => ({ kind: "function", name, args: [], type: FLOAT8 })),
    places.map((buckets): WindowCall => ({ kind: "function", name: "ntile", args: [buckets], type: INT4 })),
    fc
      .record({ name: fc.constantFrom("lag" as const, "lead" as const), arg: parts.integer, offset: offsets })
      .chain(({ name, arg, offset }) =>
        fc
          .constantFrom([arg], [arg, offset], [arg, offset, arg])
          .map((args): WindowCall => ({ kind: "function", name, args, type: INT4 })),
      ),
    fc
      .record({ name: fc.constantFrom("first_value" as const, "last_value" as const), arg: parts.expression, frame })
      .map(({ name, arg, frame: over }): WindowCall => ({
        kind: "value",
        name,
        args: [arg],
        frame: over,
        type: arg.type,
      })),
    fc
      .record({ arg: parts.expression, place: fc.oneof(places, parts.integer), frame })
      .map(({ arg, place, frame: over }): WindowCall => {
        return { kind: "value", name: "nth_value", args: [arg, place], frame: over, type: arg.type };
      }),
    fc.record({ call: parts.aggregate.filter(isOverWindows), frame }).map(({ call, frame: over }): WindowCall => ({
      kind: "aggregate",
      call: { ...call, distinct: false, ...(call.sort === undefined ? {} : { sort: [] }) },
      frame: over,
      type: call.type,
    })),
  );
}

const WITHIN_GROUP: readonly string[] = [...ORDERED_SET_AGGREGATES, ...HYPOTHETICAL_AGGREGATES];

function isOverWindows({ name }: AggregateCall): boolean {
  return !WITHIN_GROUP.includes(name);
}

/** Windows over `input`. */
export function windows(input: Plan, parts: WindowParts): fc.Arbitrary<Plan> {
  const keys = (expression: fc.Arbitrary<Expression>) =>
    fc.record({ expression, descending: fc.boolean(), nullsFirst: fc.boolean() });
  const several = fc.array(keys(parts.expression), { maxLength: 2 }).map((sort) => ({ sort, isRangeable: false }));
  const one = keys(parts.integer).map((key) => ({ sort: [key], isRangeable: true }));
  return fc.oneof(several, one).chain(({ sort, isRangeable }) =>
    fc
      .record({
        partition: fc.array(parts.expression, { maxLength: 1 }),
        over: fc.array(calls(parts, isRangeable), { minLength: 1, maxLength: 3 }),
      })
      .map(({ partition, over }): Plan => ({
        kind: "window",
        input,
        partition,
        sort,
        calls: over,
        columns: [...input.columns, ...over.map((call) => call.type)],
      })),
  );
}
