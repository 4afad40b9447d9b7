import { StateReader, StateWriter } from "../aggregate-state/state-bytes.ts";
import type { AggregateState } from "../aggregate-state/accumulator.ts";

/** A place in a group's ordered values: an entry's key, and how many values lie in entries before it. */
export interface RankCursor {
  key: Buffer;
  before: number;
}

/**
 * The number of a group's values, and a cursor for each rank that is asked for. A cursor stays where it was left and only
 * counts what comes and goes before it: from there the rank's new place is as many entries away as values have changed.
 */
export class RankCursors implements AggregateState {
  count = 0;
  readonly cursors: readonly RankCursor[];

  constructor(cursors: number) {
    this.cursors = Array.from({ length: cursors }, () => ({ key: Buffer.alloc(0), before: 0 }));
  }

  /** `key`: that of the value's entry. */
  add(key: Buffer, weight: number): void {
    this.count += weight;
    for (const cursor of this.cursors) {
      if (Buffer.compare(key, cursor.key) < 0) cursor.before += weight;
    }
  }

  /** What the aggregate is over no values. */
  result(): null {
    return null;
  }

  serialize(): Buffer {
    const out = new StateWriter();
    out.integer(this.count);
    for (const { key, before } of this.cursors) {
      out.integer(before);
      out.integer(key.length);
    }
    return Buffer.concat([out.take(), ...this.cursors.map(({ key }) => key)]);
  }

  read(bytes: Buffer): void {
    const source = new StateReader(bytes);
    this.count = source.number();
    const lengths = this.cursors.map((cursor) => {
      cursor.before = source.number();
      return source.number();
    });
    let at = bytes.length - lengths.reduce((sum, length) => sum + length, 0);
    this.cursors.forEach((cursor, index) => {
      const length = lengths[index] as number;
      cursor.key = Buffer.from(bytes.subarray(at, at + length));
      at += length;
    });
  }
}
