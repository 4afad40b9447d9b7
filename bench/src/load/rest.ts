/** Between two looks for a change on a system that is idle otherwise. */
export const REST_MS = 0.25;

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Keeps this thread off the processor for a fraction of a millisecond, which a timer cannot. Nothing else is done in it meanwhile. */
export function rest(milliseconds: number): void {
  Atomics.wait(cell, 0, 0, milliseconds);
}
