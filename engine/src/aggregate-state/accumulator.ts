/**
 * One group's state of one aggregate. Reversible: adding a value with weight n and later with weight -n
 * leaves the state, also its bytes, as if neither had happened; the order never matters.
 */
export interface AggregateState {
  /**
   * `bytes` is the argument in binary send format, null for NULL; not kept. Of several arguments it is a packed row, null when
   * one of them is NULL. Of count(*) it is ignored.
   */
  add(bytes: Buffer | null, weight: number): void;
  /** The aggregate's value in binary send format, null for NULL. Throws EvaluationError. */
  result(): Buffer | null;
  serialize(): Buffer;
}

/** Makes the states of one aggregate call. */
export interface Accumulator {
  create(): AggregateState;
  deserialize(bytes: Buffer): AggregateState;
}
