import {
  decodeKeyHeader,
  encodeKeyHeader,
  encodeViewEntry,
  encodeViewList,
  ENTRY_TAG,
  HEADER_TAG,
  isSpilledList,
  SPILLED_LIST,
  viewArrangement,
  viewEntryWeight,
  writeSortKey,
} from "@freshet/contract";
import { assert } from "@freshet/base";
import type { QueryPlan } from "@freshet/sql";
import { MAX_KEY_BYTES } from "@freshet/store";
import { type Codec, KeyWriter, type Lsn, type Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { RowView } from "../expression/row-view.ts";
import { type CompileContext, requireEquality, requireOrder } from "../operators/evaluate.ts";
import { byKey, keyOrder, type OrderedKey } from "../state/compare-keys.ts";
import { columnKey, type KeyPart } from "../state/key-builder.ts";
import { digest } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { ListedRows } from "./listed-rows.ts";
import type { ViewTransaction } from "./view-store.ts";

const DIGEST_MARK = 0xff;
const DIGEST_BYTES = 32;

interface EntryDelta extends OrderedKey {
  /** Bytes of tag and equality key. */
  readonly prefixLength: number;
  /** Range key and sort key, which follow. */
  readonly sortKey: Buffer;
  readonly row: Row;
  readonly weight: number;
}

interface KeyColumn {
  readonly column: number;
  readonly codec: Codec;
}

/** Writes a cache's view as contract/view-layout.ts says. */
export class ViewSink {
  readonly #cacheId: number;
  readonly #arrangement: number;
  readonly #columns: number;
  readonly #visible: number;
  readonly #equality: readonly KeyPart[];
  readonly #range: KeyColumn | null;
  readonly #sort: readonly (KeyColumn & { readonly descending: boolean; readonly nullsFirst: boolean })[];
  /** A partial view takes in the deltas of those keys alone that have a header. */
  readonly #partial: boolean;
  readonly #view = new RowView();
  readonly #writer = new KeyWriter();

  /** A FreshetError (0A000) when a key column's type or collation cannot be kept in order. */
  constructor(cacheId: number, query: QueryPlan, context: CompileContext, partial = false) {
    const { columns } = query.plan;
    const typeOf = (column: number): (typeof columns)[number] => {
      const type = columns[column];
      assert(type !== undefined, "a view's key names a column of the plan");
      return type;
    };
    this.#cacheId = cacheId;
    this.#arrangement = viewArrangement(cacheId);
    this.#partial = partial;
    this.#columns = columns.length;
    this.#visible = query.read?.stored ?? query.result.length;
    this.#equality = query.equality.map(({ column }) => columnKey(column, requireEquality(context, typeOf(column))));
    this.#range =
      query.range === null
        ? null
        : { column: query.range.column, codec: requireOrder(context, typeOf(query.range.column)) };
    this.#sort = query.sort.map((sort) => ({ ...sort, codec: requireOrder(context, typeOf(sort.column)) }));
  }

  /**
   * Takes in the output's deltas at `lsn`; returns those of visible rows that the view holds, in the
   * view's order. Rows whose keys are too long for the store count as errors.
   */
  apply(transaction: ViewTransaction, batch: DeltaBatch, lsn: Lsn, tally: Tally): DeltaBatch {
    const deltas: EntryDelta[] = [];
    batch.forEach((row, weight) => {
      const entry = this.#entry(row, weight);
      if (entry === "too long") tally.errors += weight;
      else if (entry !== null) deltas.push(entry);
    });
    deltas.sort(byKey);
    const visible = new DeltaBatch();
    let from = 0;
    while (from < deltas.length) {
      const first = deltas[from] as EntryDelta;
      const prefix = first.key.subarray(0, first.prefixLength);
      const change = { rows: 0, bytes: 0 };
      const wanted = !this.#partial || transaction.has(this.#arrangement, headerKey(prefix));
      const start = from;
      for (let delta = deltas[from]; delta !== undefined; delta = deltas[++from]) {
        if (!hasPrefix(delta, prefix)) break;
        if (!wanted) continue;
        change.rows += delta.weight;
        change.bytes += delta.weight * delta.row.length;
        visible.push(delta.row, delta.weight);
      }
      if (!wanted) continue;
      this.#changeKey(transaction, prefix, deltas.slice(start, from), change.rows < 0);
      if (this.#partial) this.#updateHeader(transaction, prefix, change, lsn);
      else transaction.keyChanged(this.#cacheId, prefix.subarray(1));
      tally.rows += change.rows;
      tally.bytes += change.bytes;
    }
    return visible;
  }

  #entry(row: Row, weight: number): EntryDelta | "too long" | null {
    const view = this.#view;
    view.set(row, this.#columns);
    const writer = this.#writer;
    writer.truncate(0);
    writer.byte(ENTRY_TAG);
    for (const part of this.#equality) if (!part(view, writer)) return null;
    const prefixLength = writer.length;
    if (this.#range !== null) {
      const bytes = view.bytes(this.#range.column);
      if (bytes === null) return null;
      this.#range.codec.writeKey(bytes, writer);
    }
    for (const { column, codec, descending, nullsFirst } of this.#sort) {
      writeSortKey(writer, codec, view.bytes(column), { descending, nullsFirst });
    }
    const sortKeyEnd = writer.length;
    const visible = this.#visible === this.#columns ? row : row.subarray(0, view.offsets[this.#visible]);
    if (!writeRowKey(writer, visible)) return "too long";
    const key = writer.take();
    const sortKey = key.subarray(prefixLength, sortKeyEnd);
    return { key, order: keyOrder(key), prefixLength, sortKey, row: visible, weight };
  }

  /** `deltas` are of one key, in the order of their entries' keys. */
  #changeKey(transaction: ViewTransaction, prefix: Buffer, deltas: readonly EntryDelta[], isLess: boolean): void {
    const [first] = deltas;
    if (deltas.length === 1 && first !== undefined && first.weight > 0) {
      if (transaction.insert(this.#arrangement, prefix, encodeViewList([first]))) return;
    }
    const stored = transaction.get(this.#arrangement, prefix);
    if (stored === undefined || !isSpilledList(stored)) {
      this.#changeList(transaction, prefix, stored, deltas);
      return;
    }
    for (const delta of deltas) this.#addEntry(transaction, delta);
    // The mark goes with the last row.
    if (isLess && [...transaction.scanPrefix(this.#arrangement, prefix, 2)].length === 1)
      transaction.remove(this.#arrangement, prefix);
  }

  /** Rows that are too many for a list move to entries of their own, and stay there until the key has none. */
  #changeList(
    transaction: ViewTransaction,
    prefix: Buffer,
    stored: Buffer | undefined,
    deltas: readonly EntryDelta[],
  ): void {
    const list = new ListedRows(stored);
    for (const [index, delta] of deltas.entries()) {
      list.add(delta);
      if (list.fits) continue;
      transaction.put(this.#arrangement, prefix, SPILLED_LIST);
      for (const { sortKey, row, weight } of list.rows)
        transaction.put(this.#arrangement, this.#entryKey(prefix, sortKey, row), encodeViewEntry(weight, row));
      for (const rest of deltas.slice(index + 1)) this.#addEntry(transaction, rest);
      return;
    }
    const after = list.encoded();
    if (after !== null) transaction.put(this.#arrangement, prefix, after);
    else if (stored !== undefined) transaction.remove(this.#arrangement, prefix);
  }

  #entryKey(prefix: Buffer, sortKey: Buffer, row: Row): Buffer {
    const writer = this.#writer;
    writer.truncate(0);
    writer.bytes(prefix);
    writer.bytes(sortKey);
    assert(writeRowKey(writer, row), "a listed row has a key of its own");
    return writer.take();
  }

  #addEntry(transaction: ViewTransaction, { key, row, weight }: EntryDelta): void {
    if (weight > 0 && transaction.insert(this.#arrangement, key, encodeViewEntry(weight, row))) return;
    const old = transaction.get(this.#arrangement, key);
    const after = (old === undefined ? 0 : viewEntryWeight(old)) + weight;
    assert(after >= 0, "a view's row would have a negative weight");
    if (after > 0) transaction.put(this.#arrangement, key, encodeViewEntry(after, row));
    else if (old !== undefined) transaction.remove(this.#arrangement, key);
  }

  #updateHeader(
    transaction: ViewTransaction,
    prefix: Buffer,
    change: { readonly rows: number; readonly bytes: number },
    lsn: Lsn,
  ): void {
    const key = headerKey(prefix);
    const stored = transaction.get(this.#arrangement, key);
    const old = stored === undefined ? { rows: 0, bytes: 0 } : decodeKeyHeader(stored);
    const rows = old.rows + change.rows;
    assert(rows >= 0, "a view's key would have a negative number of rows");
    transaction.put(this.#arrangement, key, encodeKeyHeader({ lsn, rows, bytes: old.bytes + change.bytes }));
  }
}

function hasPrefix({ key, prefixLength }: EntryDelta, prefix: Buffer): boolean {
  if (prefixLength !== prefix.length) return false;
  for (let at = 0; at < prefixLength; at++) if (key[at] !== prefix[at]) return false;
  return true;
}

/** Appends what tells a row from others with the same sort key; false where there is no room. */
function writeRowKey(writer: KeyWriter, visible: Row): boolean {
  if (writer.length + visible.length <= MAX_KEY_BYTES) {
    writer.bytes(visible);
    return true;
  }
  if (writer.length + 1 + DIGEST_BYTES > MAX_KEY_BYTES) return false;
  writer.byte(DIGEST_MARK);
  writer.bytes(digest(visible));
  return true;
}

/** The key of the header over the entries that begin with `prefix`. */
function headerKey(prefix: Buffer): Buffer {
  const key = Buffer.from(prefix);
  key[0] = HEADER_TAG;
  return key;
}

/** Finds what a view's keys need and the engine lacks (FreshetError 0A000). */
export function compileView(query: QueryPlan, context: CompileContext): ViewSink {
  return new ViewSink(0, query, context);
}
