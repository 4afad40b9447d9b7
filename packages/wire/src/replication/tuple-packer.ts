import { FreshetError, SqlState } from "@freshet/base";
import { NULL_LENGTH, UNCHANGED_LENGTH } from "@freshet/values";
import type { Row } from "@freshet/values";
import { TupleColumn } from "./pgoutput-decoder.ts";

const SHORT_BYTES = 32;

/** What becomes of a column of the message: left out, kept as NULL whatever its value, kept. */
export const Keep = { no: 0, asNull: 1, yes: 2 } as const;
export type KeepCode = (typeof Keep)[keyof typeof Keep];

/**
 * Repacks tuples that decodePgoutput has checked into packed rows, in memory that the next call reuses:
 * hand the row on before packing another.
 */
export class TuplePacker {
  #scratch: Buffer = Buffer.allocUnsafeSlow(1 << 13);

  /**
   * `keep` has one entry per column of the relation, in its order. Undefined when a kept column came as
   * text: the upstream has no binary form of it, so the row cannot be packed.
   */
  pack(tuple: Buffer, keep: readonly KeepCode[]): Row | undefined {
    const count = tuple.readInt16BE(0);
    if (count !== keep.length) {
      throw new FreshetError(
        SqlState.protocolViolation,
        `a tuple from the upstream has ${count} columns, its relation ${keep.length}`,
      );
    }
    // A column's prefix is 1 or 5 bytes in the tuple and 4 in the row.
    const bound = tuple.length + 3 * count;
    if (bound > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(bound * 2);
    const out = this.#scratch;
    let at = 2;
    let length = 0;
    for (let column = 0; column < count; column++) {
      const kind = tuple[at++];
      const kept = keep[column];
      if (kind === TupleColumn.binary || kind === TupleColumn.text) {
        const size = tuple.readInt32BE(at);
        if (kept === Keep.yes) {
          if (kind === TupleColumn.text) return undefined;
          length = copyValue(tuple, at, at + 4 + size, out, length);
        }
        at += 4 + size;
      } else if (kept === Keep.yes) {
        length = out.writeInt32BE(kind === TupleColumn.null ? NULL_LENGTH : UNCHANGED_LENGTH, length);
      }
      if (kept === Keep.asNull) length = out.writeInt32BE(NULL_LENGTH, length);
    }
    return out.subarray(0, length);
  }
}

/** Most values are short, and a call costs more than copying a few bytes here. */
function copyValue(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (end - start > SHORT_BYTES) return at + from.copy(to, at, start, end);
  let target = at;
  for (let source = start; source < end; source++) to[target++] = from[source] ?? 0;
  return target;
}
