import { NULL_LENGTH, type Row, unpackRow } from "@freshet/values";
import type { Accumulator, AggregateState } from "../aggregate-state/accumulator.ts";
import { copyBytes } from "../state/copy-bytes.ts";

/** What a group puts out: a row, or nothing because an aggregate's result failed. */
export type GroupOutput = Row | "failed";

/**
 * One group as it is kept: the number of its rows, its present output (so that it can be retracted
 * without being computed again) and the states of its accumulators.
 */
export interface GroupState {
  readonly count: number;
  readonly output: GroupOutput;
  readonly states: readonly AggregateState[];
}

const COUNT_BYTES = 6;

/** A row with further columns behind its own. */
export function appendColumns(row: Row, values: readonly (Buffer | null)[]): Row {
  let size = row.length;
  for (const value of values) size += 4 + (value === null ? 0 : value.length);
  const longer = Buffer.allocUnsafe(size);
  copyBytes(row, 0, row.length, longer, 0);
  writeColumns(values, longer, row.length);
  return longer;
}

function writeColumns(values: readonly (Buffer | null)[], target: Buffer, start: number): void {
  let at = start;
  for (const value of values) {
    target.writeInt32BE(value === null ? NULL_LENGTH : value.length, at);
    at += 4;
    if (value === null) continue;
    copyBytes(value, 0, value.length, target, at);
    at += value.length;
  }
}

/** uint48 count, then as a packed row: the output (NULL: failed) and each accumulator's state. */
export function encodeGroupState(state: GroupState): Buffer {
  const values: (Buffer | null)[] = [state.output === "failed" ? null : state.output];
  let size = COUNT_BYTES + 4 + (state.output === "failed" ? 0 : state.output.length);
  for (const accumulated of state.states) {
    const value = accumulated.serialize();
    size += 4 + value.length;
    values.push(value);
  }
  const bytes = Buffer.allocUnsafe(size);
  bytes.writeUIntBE(state.count, 0, COUNT_BYTES);
  writeColumns(values, bytes, COUNT_BYTES);
  return bytes;
}

export function decodeGroupState(bytes: Buffer, accumulators: readonly Accumulator[]): GroupState {
  const [output, ...states] = unpackRow(bytes.subarray(COUNT_BYTES));
  return {
    count: bytes.readUIntBE(0, COUNT_BYTES),
    output: output ?? "failed",
    states: accumulators.map((accumulator, index) => accumulator.deserialize(states[index] ?? Buffer.alloc(0))),
  };
}

/** The output alone. */
export function decodeGroupOutput(bytes: Buffer): GroupOutput {
  return unpackRow(bytes.subarray(COUNT_BYTES))[0] ?? "failed";
}
