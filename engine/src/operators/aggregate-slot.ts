import { SqlState } from "@freshet/base";
import { type AggregateCall, isHypotheticalAggregate, isListAggregate } from "@freshet/sql";
import { type Codec, type ColumnType, KeyWriter, packRow } from "@freshet/values";
import type { Accumulator } from "../aggregate-state/accumulator.ts";
import { createAccumulator } from "../aggregate-state/create-accumulator.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { addWeight, decodeMultisetEntry, firstRow, MAX_ORDERED_BYTES, multisetKey } from "../state/multiset.ts";
import {
  type BytesReader,
  compileBytes,
  type CompileContext,
  compileFilter,
  requireEquality,
  requireOrder,
} from "./evaluate.ts";
import { hypotheticalSlot } from "./hypothetical-slot.ts";
import { listSlot } from "./list-slot.ts";
import { modeSlot } from "./mode-slot.ts";
import { percentileSlot } from "./percentile-slot.ts";
import { type AggregateSlot, slotPrefix } from "./slot.ts";

/** count, sum and the like: all is in the accumulator. */
function plainSlot(accumulator: Accumulator, read: BytesReader): AggregateSlot {
  return {
    accumulator,
    read,
    evaluate: (view) => ({ bytes: read(view), key: null }),
    add: (_transaction, state, _group, value, weight) => state?.add(value.bytes, weight),
    result: (_reads, state) => state?.result() ?? null,
  };
}

/** The same over distinct values: the accumulator sees the first image of each value that is present. */
function distinctSlot(
  accumulator: Accumulator,
  read: BytesReader,
  keys: KeyBuilder,
  index: number,
  arrangement: number,
): AggregateSlot {
  return {
    accumulator,
    evaluate: (view) => {
      const bytes = read(view);
      return { bytes, key: bytes === null ? null : keys.build(view) };
    },
    add: (transaction, state, group, { bytes, key }, weight, tally) => {
      if (bytes === null || key === null) return;
      const prefix = Buffer.concat([slotPrefix(group, index), key]);
      const old = firstRow(transaction, arrangement, prefix);
      addWeight(transaction, arrangement, multisetKey(prefix, bytes), prefix.length, bytes, weight, tally);
      const now = firstRow(transaction, arrangement, prefix);
      if (old !== null) state?.add(old, -1);
      if (now !== null) state?.add(now, 1);
    },
    result: (_reads, state) => state?.result() ?? null,
  };
}

/** min and max: the group's values as an ordered multiset, of which one end is the result. */
function extremumSlot(
  name: "min" | "max",
  read: BytesReader,
  codec: Codec,
  index: number,
  arrangement: number,
): AggregateSlot {
  const writer = new KeyWriter();
  return {
    accumulator: null,
    evaluate: (view) => {
      const bytes = read(view);
      if (bytes === null) return { bytes: null, key: null };
      writer.truncate(0);
      codec.writeKey(bytes, writer);
      if (writer.length <= MAX_ORDERED_BYTES) return { bytes, key: writer.take() };
      throw new EvaluationError(
        SqlState.programLimitExceeded,
        `a value of ${name}() is too long to be kept in order`,
        true,
      );
    },
    add: (transaction, _state, group, { bytes, key }, weight, tally) => {
      if (bytes === null || key === null) return;
      const prefix = Buffer.concat([slotPrefix(group, index), key]);
      addWeight(transaction, arrangement, multisetKey(prefix, bytes), prefix.length, bytes, weight, tally);
    },
    result: (reads, _state, group) => {
      const start = slotPrefix(group, index);
      if (name === "min") return firstRow(reads, arrangement, start);
      const end = slotPrefix(group, index + 1);
      for (const entry of reads.scan(arrangement, { start, end, reverse: true, limit: 1 })) {
        return decodeMultisetEntry(entry).row;
      }
      return null;
    },
  };
}

/** any_value: the group's values as a multiset in the order of their bytes, of which the first is the result. */
function anyValueSlot(read: BytesReader, index: number, arrangement: number): AggregateSlot {
  return {
    accumulator: null,
    evaluate: (view) => ({ bytes: read(view), key: null }),
    add: (transaction, _state, group, { bytes }, weight, tally) => {
      if (bytes === null) return;
      const prefix = slotPrefix(group, index);
      addWeight(transaction, arrangement, multisetKey(prefix, bytes), prefix.length, bytes, weight, tally);
    },
    result: (reads, _state, group) => firstRow(reads, arrangement, slotPrefix(group, index)),
  };
}

/** An aggregate's input on a row: the argument, of several arguments a packed row; null where one is NULL or the filter is not true. */
function compileInput(call: AggregateCall, columns: readonly ColumnType[], context: CompileContext): BytesReader {
  if (call.arg === null) return () => null;
  const first = compileBytes(call.arg, columns, context);
  if (call.rest === undefined && call.filter === undefined) return first;
  const readers = [first, ...(call.rest ?? []).map((expression) => compileBytes(expression, columns, context))];
  const passes = compileFilter(call.filter, columns, context);
  return (view) => {
    if (!passes(view)) return null;
    const values = readers.map((read) => read(view));
    if (values.includes(null)) return null;
    return values.length === 1 ? (values[0] ?? null) : packRow(values);
  };
}

/** Compiles aggregate number `index` (below 255) of an aggregation. */
export function compileSlot(
  call: AggregateCall,
  index: number,
  columns: readonly ColumnType[],
  arrangements: { readonly extrema: number; readonly distinct: number },
  context: CompileContext,
): AggregateSlot {
  const read = compileInput(call, columns, context);
  if (call.arg !== null && (call.name === "min" || call.name === "max")) {
    const codec = requireOrder(context, { ...call.arg.type, collation: call.inputCollation });
    return extremumSlot(call.name, read, codec, index, arrangements.extrema);
  }
  if (isListAggregate(call.name)) return listSlot(call.name, call, index, columns, arrangements.extrema, context);
  if (isHypotheticalAggregate(call.name))
    return hypotheticalSlot(call.name, call, index, columns, arrangements.distinct, context);
  if (call.name === "mode") return modeSlot(call, index, columns, arrangements, context);
  if (call.name === "percentile_cont" || call.name === "percentile_disc")
    return percentileSlot(call, index, columns, arrangements.extrema, context);
  if (call.name === "any_value") return anyValueSlot(read, index, arrangements.extrema);
  const accumulator = createAccumulator(call, call.arg?.type ?? null, context.codecs);
  if (call.arg === null || !call.distinct) return plainSlot(accumulator, read);
  const args = [call.arg, ...(call.rest ?? [])];
  const keys = new KeyBuilder(
    args.map((arg) => compileBytes(arg, columns, context)),
    args.map((arg) => requireEquality(context, arg.type)),
  );
  return distinctSlot(accumulator, read, keys, index, arrangements.distinct);
}
