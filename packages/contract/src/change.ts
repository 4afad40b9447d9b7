import { assert } from "@freshet/base";
import type { Row } from "@freshet/values";

/**
 * Packed changes. Layout of one change: kind (1 byte), table OID (uint32), then by kind
 *   insert: row · update: flag, [old row], row · delete: flag, row · truncate, schema: nothing
 * with row = uint32 byte length + packed row (values/row.ts), flag = OldRow. All integers big-endian.
 */
export const ChangeKind = { insert: 1, update: 2, delete: 3, truncate: 4, schema: 5 } as const;

/** What an update or delete carries of the old row. `key`: only identity columns are set, others NULL. */
export const OldRow = { none: 0, key: 1, full: 2 } as const;
export type OldRowFlag = (typeof OldRow)[keyof typeof OldRow];

export type Change =
  | { readonly kind: "insert"; readonly tableOid: number; readonly row: Row }
  /** `row` may hold UNCHANGED_LENGTH columns: their values are those of the old row. */
  | {
      readonly kind: "update";
      readonly tableOid: number;
      readonly oldKind: OldRowFlag;
      readonly old: Row | null;
      readonly row: Row;
    }
  | { readonly kind: "delete"; readonly tableOid: number; readonly oldKind: OldRowFlag; readonly row: Row }
  | { readonly kind: "truncate"; readonly tableOid: number }
  /** From here on the table's shape differs from the known one: what depends on it must be rebuilt. */
  | { readonly kind: "schema"; readonly tableOid: number };

/** Appends packed changes to chunks. */
export class ChangeWriter {
  #chunk: Buffer;
  #length = 0;
  #finished: Buffer[] = [];
  #finishedBytes = 0;
  readonly #chunkBytes: number;

  constructor(chunkBytes: number = 1 << 20) {
    this.#chunkBytes = chunkBytes;
    this.#chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, 1 << 14));
  }

  /** Bytes written since the last `take`. */
  get bytes(): number {
    return this.#finishedBytes + this.#length;
  }

  insert(tableOid: number, row: Row): void {
    this.#start(ChangeKind.insert, tableOid, 4 + row.length);
    this.#row(row);
  }

  update(tableOid: number, oldKind: OldRowFlag, old: Row | null, row: Row): void {
    assert((oldKind === OldRow.none) === (old === null), "an update's flag tells whether it has an old row");
    this.#start(ChangeKind.update, tableOid, 1 + (old === null ? 0 : 4 + old.length) + 4 + row.length);
    this.#chunk[this.#length++] = oldKind;
    if (old !== null) this.#row(old);
    this.#row(row);
  }

  delete(tableOid: number, oldKind: OldRowFlag, row: Row): void {
    assert(oldKind !== OldRow.none, "a delete always carries the old row or its key");
    this.#start(ChangeKind.delete, tableOid, 1 + 4 + row.length);
    this.#chunk[this.#length++] = oldKind;
    this.#row(row);
  }

  truncate(tableOid: number): void {
    this.#start(ChangeKind.truncate, tableOid, 0);
  }

  schema(tableOid: number): void {
    this.#start(ChangeKind.schema, tableOid, 0);
  }

  /** The chunks so far, each with memory of its own; the writer is empty afterwards. */
  take(): Buffer[] {
    this.#finish();
    const chunks = this.#finished;
    this.#finished = [];
    this.#finishedBytes = 0;
    return chunks;
  }

  #finish(): void {
    if (this.#length === 0) return;
    const written = this.#chunk.subarray(0, this.#length);
    this.#finishedBytes += this.#length;
    this.#length = 0;
    if (written.length * 2 < this.#chunk.length) {
      // Little was written (one small transaction): an exact copy is cheaper than a new chunk.
      const copy = Buffer.allocUnsafeSlow(written.length);
      copy.set(written);
      this.#finished.push(copy);
      return;
    }
    this.#finished.push(written);
    this.#chunk = Buffer.allocUnsafeSlow(Math.min(this.#chunkBytes, 1 << 14));
  }

  #start(kind: number, tableOid: number, bodyBytes: number): void {
    const needed = 5 + bodyBytes;
    if (this.#length > 0 && this.#length + needed > this.#chunkBytes) this.#finish();
    if (this.#length + needed > this.#chunk.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#length + needed, this.#chunk.length * 2));
      this.#chunk.copy(grown, 0, 0, this.#length);
      this.#chunk = grown;
    }
    this.#chunk[this.#length++] = kind;
    this.#chunk.writeUInt32BE(tableOid, this.#length);
    this.#length += 4;
  }

  #row(row: Row): void {
    this.#chunk.writeUInt32BE(row.length, this.#length);
    this.#length += 4;
    this.#chunk.set(row, this.#length);
    this.#length += row.length;
  }
}

/** Reads the changes of one chunk. Rows are views on the chunk's memory. */
export function* readChanges(chunk: Buffer): IterableIterator<Change> {
  let at = 0;
  const row = (): Row => {
    const length = chunk.readUInt32BE(at);
    at += 4 + length;
    assert(at <= chunk.length, "a packed change runs past its chunk");
    return chunk.subarray(at - length, at);
  };
  while (at < chunk.length) {
    const kind = chunk[at];
    const tableOid = chunk.readUInt32BE(at + 1);
    at += 5;
    switch (kind) {
      case ChangeKind.insert:
        yield { kind: "insert", tableOid, row: row() };
        break;
      case ChangeKind.update: {
        const oldKind = chunk[at++] as OldRowFlag;
        const old = oldKind === OldRow.none ? null : row();
        yield { kind: "update", tableOid, oldKind, old, row: row() };
        break;
      }
      case ChangeKind.delete: {
        const oldKind = chunk[at++] as OldRowFlag;
        yield { kind: "delete", tableOid, oldKind, row: row() };
        break;
      }
      case ChangeKind.truncate:
        yield { kind: "truncate", tableOid };
        break;
      case ChangeKind.schema:
        yield { kind: "schema", tableOid };
        break;
      default:
        assert(false, `unknown change kind ${kind}`);
    }
  }
}
