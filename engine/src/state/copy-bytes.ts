/** Up to this length a byte loop beats native calls, which need a view on the bytes. */
const SHORT_BYTES = 64;

/** Copies `source` from `from` to before `to` into `target` at `at`; several times faster than `Buffer.copy` for a few bytes. */
export function copyBytes(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
  if (to - from > SHORT_BYTES) target.set(source.subarray(from, to), at);
  else for (let index = from, end = at; index < to; index++) target[end++] = source[index] as number;
}
