export type ArgumentValues = readonly (Buffer | null)[];

/** Builds one value of an aggregate out of the rows of a group, in their order. Values are in binary send format. */
export interface Collector {
  /** `values`: the aggregate's arguments on one row; kept until `result`. Throws EvaluationError. */
  add(values: ArgumentValues): void;
  /** Null for NULL. Throws EvaluationError. */
  result(): Buffer | null;
}

/** Makes the collectors of one aggregate call. */
export interface ListAggregate {
  /** Whether a row with these arguments has no influence on the result. */
  ignores(values: ArgumentValues): boolean;
  collect(): Collector;
}
