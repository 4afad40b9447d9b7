import { FreshetError, must } from "@freshet/base";
import {
  ENTRY_TAG,
  HEADER_TAG,
  decodeViewEntry,
  isSpilledList,
  isViewList,
  readViewList,
  viewArrangement,
  viewKeyPrefix,
  writeSortKey,
} from "@freshet/contract";
import type { QueryPlan, RangeBound, RowLimit } from "@freshet/sql";
import { type Entry, MAX_KEY_BYTES, type ReadTransaction, type ScanOptions } from "@freshet/store";
import { type Codec, type CodecSet, KeyWriter, type Row, unpackRow } from "@freshet/values";
import { type CompileRead, ReadFilter } from "./compile-read.ts";
import type { ParameterValues } from "./parameters.ts";
import { Cut, type Found, bySortKey } from "./view-found.ts";
import { behind, distinctKeys, edge, successor } from "./view-keys.ts";

/** Key combinations of several list parameters that one read may look up. */
const MAX_KEY_COMBINATIONS = 10_000;

/** A slice of a long read has at most so many entries, and ends behind so many bytes. */
const SLICE_ENTRIES = 1000;
const SLICE_BYTES = 512 << 10;

export type ViewRows =
  /** `keys`: what of the view decides the rows, with ENTRY_TAG. `headers`: of a partial view, the keys (with HEADER_TAG) that were found. */
  | {
      readonly kind: "rows";
      readonly rows: readonly Row[];
      readonly keys: readonly Buffer[];
      readonly headers?: readonly Buffer[];
    }
  /** A partial view does not hold these keys (values of the equality parameters). */
  | { readonly kind: "not filled"; readonly keys: readonly (readonly Buffer[])[] }
  | { readonly kind: "refused"; readonly detail: string; readonly reason: Refusal };

type Refusal = "parameter_value" | "result_too_large" | "cache_error_in_scope";

/** Which way a scan of the view's key yields the wanted order; null: collect and sort. */
export function scanDirection(plan: QueryPlan): "forward" | "reverse" | null {
  const first = plan.sort[0];
  if (first === undefined || plan.range === null) return "forward";
  if (plan.range.column !== first.column) return null;
  if (!first.descending) return "forward";
  return plan.sort.length === 1 ? "reverse" : null;
}

/** Whether every order the plan may need can be made from what a view stores. */
export function readableOrder(plan: QueryPlan): boolean {
  return scanDirection(plan) !== null || plan.sort.every((key) => key.column < plan.result.length);
}

/** How a view is read. */
interface ViewReading {
  /** Whether it holds some keys only. */
  readonly partial?: boolean;
  /** May be left out where the plan has no conditions at read time. */
  readonly compileRead?: CompileRead | undefined;
}

/** A view's reader: compiled once per cache. */
export class ViewRead {
  readonly #plan: QueryPlan;
  readonly #arrangement: number;
  readonly #keyCodecs: readonly Codec[];
  readonly #rangeCodec: Codec | null;
  readonly #sortCodecs: readonly Codec[];
  readonly #direction: "forward" | "reverse" | null;
  readonly #missingKeyRow: Row | null;
  readonly #partial: boolean;
  readonly #filter: ReadFilter | null;
  /** Whether a list's rows are the answer as they stand. */
  readonly #isPlain: boolean;
  readonly #key = new KeyWriter();

  constructor(cacheId: number, plan: QueryPlan, codecs: CodecSet, { partial = false, compileRead }: ViewReading = {}) {
    const codecOf = (column: number): Codec =>
      must(codecs.get(must(plan.plan.columns[column]).typeOid), "a planned column has a codec");
    this.#plan = plan;
    this.#partial = partial;
    this.#arrangement = viewArrangement(cacheId);
    this.#keyCodecs = plan.equality.map(({ column }) => codecOf(column));
    this.#rangeCodec = plan.range === null ? null : codecOf(plan.range.column);
    this.#sortCodecs = plan.sort.map(({ column }) => codecOf(column));
    this.#direction = scanDirection(plan);
    this.#filter = plan.read === undefined ? null : new ReadFilter(plan, codecs, must(compileRead));
    this.#isPlain =
      !partial && plan.read === undefined && plan.range === null && plan.limit === null && plan.offset === null;
    this.#missingKeyRow = plan.missingKeyRow === null ? null : Buffer.from(plan.missingKeyRow, "base64");
  }

  /**
   * The result's rows, in order, cut to LIMIT and OFFSET; at most `maxBytes` of them. Where conditions choose among a
   * key's rows, at most `maxScanned` of these are looked at.
   */
  read(
    transaction: ReadTransaction,
    parameters: ParameterValues,
    maxBytes: number,
    maxScanned: number = Number.POSITIVE_INFINITY,
  ): ViewRows {
    try {
      return this.#read(transaction, parameters, maxBytes, maxScanned);
    } catch (thrown) {
      if (this.#filter === null || !(thrown instanceof FreshetError)) throw thrown;
      return refused("cache_error_in_scope", `a condition on a parameter fails: ${thrown.message}`);
    }
  }

  /**
   * The same read in slices of some milliseconds, one for each `next`. `transaction` must stay what it is until the end; other reads of it may come
   * in between.
   */
  *readInSlices(
    transaction: ReadTransaction,
    parameters: ParameterValues,
    maxBytes: number,
    maxScanned: number = Number.POSITIVE_INFINITY,
    sliceEntries: number = SLICE_ENTRIES,
  ): Generator<undefined, ViewRows> {
    try {
      return yield* this.#readSlices(transaction, parameters, maxBytes, maxScanned, sliceEntries);
    } catch (thrown) {
      if (this.#filter === null || !(thrown instanceof FreshetError)) throw thrown;
      return refused("cache_error_in_scope", `a condition on a parameter fails: ${thrown.message}`);
    }
  }

  #read(transaction: ReadTransaction, parameters: ParameterValues, maxBytes: number, maxScanned: number): ViewRows {
    const plain = this.#isPlain ? this.#readPlain(transaction, parameters, maxBytes) : null;
    if (plain !== null) return plain;
    const found = this.#begin(transaction, parameters, maxBytes, maxScanned);
    if ("kind" in found) return found;
    for (const prefix of found.prefixes) {
      found.taken = 0;
      const listed = this.#readListed(found, transaction, prefix, parameters);
      if (listed === true) continue;
      if (listed !== false) return listed;
      const entries = this.#scan(transaction, prefix, parameters);
      if (entries === "too long") return TOO_LONG;
      for (const entry of entries) {
        const more = this.#takeEntry(found, entry, prefix);
        if (more === true) continue;
        if (more === false) break;
        return more;
      }
    }
    return this.#finish(found);
  }

  /** Codecs of the key's values where a key's list is all that is read, in the order of `plan.equality`; else null. */
  get plainKey(): readonly Codec[] | null {
    return this.#isPlain ? this.#keyCodecs : null;
  }

  /** Of such a view: the list of a key (with ENTRY_TAG), undefined where there are no rows; null: `read` has to be asked. */
  list(transaction: ReadTransaction, key: Buffer): Buffer | undefined | null {
    if (key.length > MAX_KEY_BYTES) return null;
    const list = transaction.get(this.#arrangement, key);
    if (list === undefined) return this.#missingKeyRow === null ? undefined : null;
    return isSpilledList(list) ? null : list;
  }

  /** The rows of one key that has them in a list; null: that is not all that is to be done. */
  #readPlain(transaction: ReadTransaction, parameters: ParameterValues, maxBytes: number): ViewRows | null {
    const { equality } = this.#plan;
    const values: Buffer[] = [];
    for (let index = 0; index < equality.length; index++) {
      const given = parameters[must(equality[index]).parameter];
      const value = given?.[0];
      if (given?.length !== 1 || value == null) return null;
      values.push(value);
    }
    const prefix = viewKeyPrefix(this.#key, ENTRY_TAG, this.#keyCodecs, values);
    const list = this.list(transaction, prefix);
    const rows: Row[] = [];
    if (list === undefined) return { kind: "rows", rows, keys: [prefix] };
    if (list === null) return null;
    let bytes = 0;
    readViewList(list, (weight, _sortKey, row, end) => {
      bytes += (end - row) * weight;
      if (bytes > maxBytes || (this.#direction === null && rows.length > 0)) bytes = Number.POSITIVE_INFINITY;
      else for (let copy = 0; copy < weight; copy++) rows.push(list.subarray(row, end));
    });
    return bytes === Number.POSITIVE_INFINITY ? null : { kind: "rows", rows, keys: [prefix] };
  }

  /** Each slice looks for the place behind the last one's anew, so that no cursor stays open. */
  *#readSlices(
    transaction: ReadTransaction,
    parameters: ParameterValues,
    maxBytes: number,
    maxScanned: number,
    sliceEntries: number,
  ): Generator<undefined, ViewRows> {
    const found = this.#begin(transaction, parameters, maxBytes, maxScanned);
    if ("kind" in found) return found;
    for (const prefix of found.prefixes) {
      found.taken = 0;
      const listed = this.#readListed(found, transaction, prefix, parameters);
      if (listed === true) continue;
      if (listed !== false) return listed;
      let range = this.#range(prefix, parameters);
      if (range === "too long") return TOO_LONG;
      while (range !== null) {
        const sliceEnd: number = found.bytes + SLICE_BYTES;
        let last: Buffer | null = null;
        let looked = 0;
        for (const entry of transaction.scan(this.#arrangement, { ...range, limit: sliceEntries })) {
          const more = this.#takeEntry(found, entry, prefix);
          if (more === false) break;
          if (more !== true) return more;
          if (++looked < sliceEntries && found.bytes < sliceEnd) continue;
          last = entry.key;
          break;
        }
        range = last === null ? null : behind(range, last);
        if (range !== null) yield;
      }
    }
    return this.#finish(found);
  }

  #begin(
    transaction: ReadTransaction,
    parameters: ParameterValues,
    maxBytes: number,
    maxScanned: number,
  ): Found | ViewRows {
    const limit = this.#count(this.#plan.limit, parameters);
    const offset = this.#count(this.#plan.offset, parameters);
    if (limit === "bad" || offset === "bad")
      return refused("parameter_value", "LIMIT or OFFSET is negative or out of range");
    const wanted = limit === null ? Number.POSITIVE_INFINITY : (offset ?? 0) + limit;
    const keys = this.#keys(parameters);
    if (keys === null) return refused("parameter_value", "too many combinations of list members");
    const headers = this.#partial ? this.#headers(transaction, parameters) : null;
    if (headers !== null && "kind" in headers) return headers;
    return {
      wanted,
      keys,
      prefixes: wanted === 0 && this.#missingKeyRow === null ? [] : keys,
      headers,
      maxBytes,
      maxScanned,
      filter: this.#filter?.bind(parameters),
      sortLater: this.#direction === null || (keys.length > 1 && this.#plan.sort.length > 0),
      result: new Cut(offset ?? 0, limit),
      toSort: [],
      taken: 0,
      bytes: 0,
      scanned: 0,
      matched: false,
    };
  }

  /** Takes the rows of a key that has them all in one entry, or none; false: they are in entries of their own. */
  #readListed(
    found: Found,
    transaction: ReadTransaction,
    prefix: Buffer,
    parameters: ParameterValues,
  ): boolean | ViewRows {
    if (prefix.length > MAX_KEY_BYTES) return TOO_LONG;
    const list = transaction.get(this.#arrangement, prefix);
    if (this.#plan.range === null) {
      if (list === undefined) return true;
      return isSpilledList(list) ? false : this.#takeListed(found, list);
    }
    const range = this.#range(prefix, parameters);
    if (range === "too long") return TOO_LONG;
    if (list === undefined || range === null) return true;
    return isSpilledList(list) ? false : this.#takeListedRange(found, list, prefix, range);
  }

  #takeListed(found: Found, list: Buffer): true | ViewRows {
    const outcome: { more: boolean | ViewRows } = { more: true };
    readViewList(list, (weight, sortKey, row, end) => {
      if (outcome.more !== true) return;
      const key = found.sortLater ? list.subarray(sortKey, end) : list;
      outcome.more = this.#take(found, weight, list.subarray(row, end), key, 0);
    });
    return outcome.more === false ? true : outcome.more;
  }

  #takeListedRange(found: Found, list: Buffer, prefix: Buffer, range: ScanOptions): true | ViewRows {
    const { start, end: stop, reverse } = range;
    const rows: (readonly [weight: number, row: Row, key: Buffer])[] = [];
    readViewList(list, (weight, sortKey, row, end) => {
      const key = Buffer.concat([prefix, list.subarray(sortKey, end)]);
      if (start !== undefined && Buffer.compare(key, start) < 0) return;
      if (stop !== undefined && Buffer.compare(key, stop) >= 0) return;
      rows.push([weight, list.subarray(row, end), key]);
    });
    if (reverse === true) rows.reverse();
    for (const [weight, row, key] of rows) {
      const more = this.#take(found, weight, row, key, prefix.length);
      if (more !== true) return more === false ? true : more;
    }
    return true;
  }

  #takeEntry(found: Found, { key, value }: Entry, prefix: Buffer): boolean | ViewRows {
    if (isViewList(value)) return true;
    const { weight, row } = decodeViewEntry(value);
    return this.#take(found, weight, row, key, prefix.length);
  }

  /** Takes a row whose order among those of its key is at `key[from, ...)`, which is looked at where rows are sorted. Whether the next is wanted, too. */
  #take(found: Found, weight: number, stored: Row, key: Buffer, from: number): boolean | ViewRows {
    found.matched = true;
    if (found.taken >= found.wanted && this.#direction !== null) return false;
    const { filter, maxScanned, maxBytes } = found;
    if (filter !== undefined && ++found.scanned > maxScanned)
      return refused("result_too_large", `more than ${maxScanned} rows have to be looked at`);
    const row = filter === undefined ? stored : filter(stored);
    if (row === undefined) return true;
    if (found.sortLater) found.toSort.push({ row, weight, sortKey: this.#sortKey(key, from, row) });
    else found.result.add(row, weight);
    found.taken += weight;
    found.bytes += row.length * weight;
    return found.bytes > maxBytes ? refused("result_too_large", `more than ${maxBytes} bytes`) : true;
  }

  #finish({ result, matched, toSort, keys, headers }: Found): ViewRows {
    if (!matched && this.#missingKeyRow !== null) result.add(this.#missingKeyRow, 1);
    toSort.sort(this.#direction === "reverse" ? (a, b) => bySortKey(b, a) : bySortKey);
    for (const { row, weight } of toSort) result.add(row, weight);
    const { rows } = result;
    return headers === null ? { kind: "rows", rows, keys } : { kind: "rows", rows, keys, headers };
  }

  /** Keys without rows have a header, too. */
  #headers(transaction: ReadTransaction, parameters: ParameterValues): Buffer[] | ViewRows {
    const missing: (readonly Buffer[])[] = [];
    const headers: Buffer[] = [];
    for (const values of this.#combinations(parameters) ?? []) {
      const header = viewKeyPrefix(this.#key, HEADER_TAG, this.#keyCodecs, values);
      if (header.length > MAX_KEY_BYTES) return TOO_LONG;
      if (transaction.has(this.#arrangement, header)) headers.push(header);
      else missing.push(values);
    }
    return missing.length === 0 ? headers : { kind: "not filled", keys: missing };
  }

  #count(limit: RowLimit | null, parameters: ParameterValues): number | null | "bad" {
    if (limit === null) return null;
    if ("constant" in limit) return limit.constant;
    const value = parameters[limit.parameter]?.[0] ?? null;
    if (value === null) return null;
    const count = value.readBigInt64BE(0);
    return count < 0n || count > BigInt(Number.MAX_SAFE_INTEGER) ? "bad" : Number(count);
  }

  /** One key prefix per combination of the equality parameters' values; a NULL matches nothing. */
  #keys(parameters: ParameterValues): Buffer[] | null {
    const [only, ...others] = this.#plan.equality;
    if (only !== undefined && others.length === 0) {
      const values = must(parameters[only.parameter]);
      if (values.length === 1) {
        const value = values[0] ?? null;
        return value === null ? [] : [viewKeyPrefix(this.#key, ENTRY_TAG, this.#keyCodecs, [value])];
      }
    }
    const combinations = this.#combinations(parameters);
    return combinations?.map((values) => viewKeyPrefix(this.#key, ENTRY_TAG, this.#keyCodecs, values)) ?? null;
  }

  /** The values of each key; null when there are too many. */
  #combinations(parameters: ParameterValues): (readonly Buffer[])[] | null {
    let combinations: (readonly Buffer[])[] = [[]];
    for (const [index, { parameter }] of this.#plan.equality.entries()) {
      const values = distinctKeys(must(parameters[parameter]), must(this.#keyCodecs[index]), this.#key);
      if (combinations.length * values.length > MAX_KEY_COMBINATIONS) return null;
      combinations = combinations.flatMap((head) => values.map((value) => [...head, value]));
    }
    return combinations;
  }

  #scan(transaction: ReadTransaction, prefix: Buffer, parameters: ParameterValues): Iterable<Entry> | "too long" {
    if (prefix.length > MAX_KEY_BYTES) return "too long";
    if (this.#plan.range === null) return transaction.scanPrefix(this.#arrangement, prefix);
    const range = this.#range(prefix, parameters);
    if (range === "too long") return range;
    return range === null ? [] : transaction.scan(this.#arrangement, range);
  }

  /** Null: nothing can be in it. */
  #range(prefix: Buffer, parameters: ParameterValues): ScanOptions | "too long" | null {
    const { range } = this.#plan;
    if (prefix.length > MAX_KEY_BYTES) return "too long";
    const lower = range === null ? null : this.#bound(range.lower, parameters);
    const upper = range === null ? null : this.#bound(range.upper, parameters);
    if (lower === "null" || upper === "null") return null;
    const start = lower === null ? prefix : edge(prefix, lower.key, !lower.inclusive);
    const end = upper === null ? successor(prefix) : edge(prefix, upper.key, upper.inclusive);
    if (Math.max(start.length, end?.length ?? 0) > MAX_KEY_BYTES) return "too long";
    if (end !== undefined && Buffer.compare(start, end) >= 0) return null;
    const reverse = range !== null && this.#direction === "reverse";
    return { start, ...(end === undefined ? {} : { end }), ...(reverse ? { reverse } : {}) };
  }

  #bound(
    bound: RangeBound | null,
    parameters: ParameterValues,
  ): { readonly key: Buffer; readonly inclusive: boolean } | null | "null" {
    if (bound === null) return null;
    const value = must(parameters[bound.parameter])[0] ?? null;
    if (value === null) return "null";
    this.#key.truncate(0);
    must(this.#rangeCodec).writeKey(value, this.#key);
    return { key: this.#key.take(), inclusive: bound.inclusive };
  }

  /** The key is in the order of the scan; another order is made from the row. */
  #sortKey(key: Buffer, from: number, row: Row): Buffer {
    if (this.#direction !== null) return key.subarray(from);
    const values = unpackRow(row);
    this.#key.truncate(0);
    this.#plan.sort.forEach((key, index) => {
      writeSortKey(this.#key, must(this.#sortCodecs[index]), values[key.column] ?? null, key);
    });
    return this.#key.take();
  }
}

function refused(reason: Refusal, detail: string): ViewRows {
  return { kind: "refused", reason, detail };
}

/** No entry can have such a key, and the store refuses to look for it. */
const TOO_LONG: ViewRows = refused("parameter_value", "a value is longer than the store's keys");
