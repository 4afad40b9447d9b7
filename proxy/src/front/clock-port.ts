/** Monotonic milliseconds. */
export type Clock = () => number;
