import { packRow, type Row, unpackRow } from "@freshet/values";
import type { Accumulator, AggregateState } from "../aggregate-state/accumulator.ts";

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

/** uint48 count, then as a packed row: the output (NULL: failed) and each accumulator's state. */
export function encodeGroupState(state: GroupState): Buffer {
  const body = packRow([
    state.output === "failed" ? null : state.output,
    ...state.states.map((accumulated) => accumulated.serialize()),
  ]);
  const bytes = Buffer.allocUnsafe(COUNT_BYTES + body.length);
  bytes.writeUIntBE(state.count, 0, COUNT_BYTES);
  bytes.set(body, COUNT_BYTES);
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
