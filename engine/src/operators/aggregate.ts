import { assert, FreshetError, must, SqlState } from "@freshet/base";
import type { AggregateCall, Expression } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { type ColumnType, packRow, type Row } from "@freshet/values";
import type { Accumulator, AggregateState } from "../aggregate-state/accumulator.ts";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { byKey, keyOrder, type OrderedKey } from "../state/compare-keys.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { addWeight, firstRow, multisetKey, pagedScan } from "../state/multiset.ts";
import { newTally, type Tally } from "../state/tally.ts";
import { compileSlot } from "./aggregate-slot.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { type BytesReader, compileBytes, type CompileContext, requireEquality } from "./evaluate.ts";
import {
  appendColumns,
  decodeGroupOutput,
  decodeGroupState,
  encodeGroupState,
  type GroupOutput,
  type GroupState,
} from "./group-state.ts";
import type { Enumeration, Operator } from "./operator.ts";
import type { AggregateSlot, SlotValue } from "./slot.ts";

export interface AggregateSpec {
  readonly groups: readonly Expression[];
  readonly aggregates: readonly AggregateCall[];
  readonly scalar: boolean;
}

interface GroupDelta extends OrderedKey {
  readonly row: Row;
  readonly weight: number;
  /** Null where the slots' readers read the row itself, when the group is at hand. */
  readonly values: readonly SlotValue[] | null;
}

/** By group, and within one what is added before what is taken away: a row that comes and goes is never missing in between. */
function byGroup(a: GroupDelta, b: GroupDelta): number {
  return byKey(a, b) || b.weight - a.weight;
}

const MAX_AGGREGATES = 254;

/**
 * GROUP BY with aggregates. A row on which a group expression or an argument fails counts as an error
 * and is in no group; a group whose result fails counts as one error and puts out no row. Of group
 * keys that are equal but look different, the first present image in byte order stands for the group.
 */
export class AggregateOperator implements Operator {
  readonly repeats = false;
  /** What is only added up may come in any order, and cancel. */
  readonly takesRepeats: boolean;
  readonly #keys: KeyBuilder;
  readonly #groups: readonly BytesReader[];
  /** Null where equal group keys look equal, so that any row's image is the group's. */
  readonly #images: number | null;
  readonly #slots: readonly AggregateSlot[];
  readonly #accumulators: readonly Accumulator[];
  /** The slots' readers where all have one and the images are not kept: nothing of a row is needed but these values. */
  readonly #readers: readonly BytesReader[] | null;
  readonly #values: (Buffer | null)[] = [];
  readonly #scalar: boolean;
  readonly #columns: number;
  readonly #arrangement: number;
  readonly #view = new RowView();

  constructor(
    spec: AggregateSpec,
    columns: readonly ColumnType[],
    arrangements: readonly number[],
    context: CompileContext,
  ) {
    const [groups, images, extrema, distinct] = arrangements;
    if (spec.aggregates.length > MAX_AGGREGATES) {
      throw new FreshetError(SqlState.featureNotSupported, `more than ${MAX_AGGREGATES} aggregates in one query`);
    }
    const codecs = spec.groups.map((group) => requireEquality(context, group.type));
    this.#groups = spec.groups.map((group) => compileBytes(group, columns, context));
    this.#keys = new KeyBuilder(this.#groups, codecs, [], spec.groups);
    this.#images = codecs.every((codec) => codec.imageIsIdentity) ? null : must(images);
    const kept = { extrema: must(extrema), distinct: must(distinct) };
    this.#slots = spec.aggregates.map((call, index) => compileSlot(call, index, columns, kept, context));
    this.#accumulators = this.#slots.flatMap(({ accumulator }) => (accumulator === null ? [] : [accumulator]));
    const readers = this.#slots.flatMap(({ read }) => (read === undefined ? [] : [read]));
    this.#readers = this.#images === null && readers.length === this.#slots.length ? readers : null;
    this.takesRepeats = this.#readers !== null;
    this.#scalar = spec.scalar;
    this.#columns = columns.length;
    this.#arrangement = must(groups);
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const deltas = this.#evaluate(inputs[0] as DeltaBatch, tally);
    const output = new DeltaBatch();
    let from = 0;
    while (from < deltas.length) {
      const first = deltas[from] as GroupDelta;
      let to = from + 1;
      while (to < deltas.length && byKey(deltas[to] as GroupDelta, first) === 0) to++;
      this.#applyGroup(transaction, deltas.slice(from, to), output, tally);
      from = to;
    }
    return output;
  }

  *enumerate(reads: ReadTransaction): Enumeration {
    let batch = new DeltaBatch();
    let groups = 0;
    const ignored = newTally();
    for (const entry of pagedScan(reads, this.#arrangement)) {
      groups++;
      this.#emit(decodeGroupOutput(entry.value), 1, batch, ignored);
      if (batch.length < ENUMERATED_ROWS) continue;
      yield batch;
      batch = new DeltaBatch();
    }
    if (this.#scalar && groups === 0) this.#emit(this.#emptyOutput(), 1, batch, ignored);
    if (batch.length > 0) yield batch;
  }

  /** The groups of the inputs' rows. */
  *enumerateOf(reads: ReadTransaction, inputs: readonly (() => Enumeration)[]): Enumeration {
    const seen = new Set<string>();
    const ignored = newTally();
    for (const rows of (inputs[0] as () => Enumeration)()) {
      const batch = new DeltaBatch();
      for (const { key } of this.#evaluate(rows, ignored)) {
        const name = key.toString("latin1");
        if (seen.has(name)) continue;
        seen.add(name);
        const state = reads.get(this.#arrangement, key);
        if (state !== undefined) this.#emit(decodeGroupOutput(state), 1, batch, ignored);
      }
      yield batch;
    }
  }

  /** The batch's deltas in group order. */
  #evaluate(batch: DeltaBatch, tally: Tally): readonly GroupDelta[] {
    const deltas: GroupDelta[] = [];
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#columns);
      try {
        const key = this.#keys.build(this.#view);
        const values = this.#readers === null ? this.#slots.map((slot) => slot.evaluate(this.#view)) : null;
        deltas.push({ key, order: keyOrder(key), row, weight, values });
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        tally.errors += weight;
      }
    });
    return deltas.sort(byGroup);
  }

  #applyGroup(transaction: WriteTransaction, deltas: readonly GroupDelta[], output: DeltaBatch, tally: Tally): void {
    const { key, row } = deltas[0] as GroupDelta;
    const stored = transaction.get(this.#arrangement, key);
    const old = stored === undefined ? null : decodeGroupState(stored, this.#accumulators);
    const states = old?.states ?? this.#accumulators.map((accumulator) => accumulator.create());
    const kept = newTally();
    let count = old?.count ?? 0;
    for (const delta of deltas) {
      if (delta.values === null) count += this.#addRow(states, delta, tally);
      else {
        count += delta.weight;
        this.#addDelta(transaction, states, delta, delta.values, kept);
      }
    }
    assert(count >= 0, "a group would hold a negative number of rows");
    tally.bytes += kept.bytes;
    const before = old?.output ?? (this.#scalar ? this.#emptyOutput() : null);
    const after = this.#write(transaction, { key, row, stored, count, states }, tally);
    if (before instanceof Buffer && after instanceof Buffer && before.equals(after)) return;
    if (before !== null) this.#emit(before, -1, output, tally);
    if (after !== null) this.#emit(after, 1, output, tally);
  }

  /** Adds a row to accumulators; returns its weight in the group, which is 0 when an argument fails. */
  #addRow(states: readonly AggregateState[], { row, weight }: GroupDelta, tally: Tally): number {
    const readers = this.#readers ?? [];
    this.#view.set(row, this.#columns);
    try {
      for (let index = 0; index < readers.length; index++)
        this.#values[index] = (readers[index] as BytesReader)(this.#view);
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      tally.errors += weight;
      return 0;
    }
    for (let index = 0; index < readers.length; index++)
      (states[index] as AggregateState).add(this.#values[index] as Buffer | null, weight);
    return weight;
  }

  #addDelta(
    transaction: WriteTransaction,
    states: readonly AggregateState[],
    { key, row, weight }: GroupDelta,
    values: readonly SlotValue[],
    kept: Tally,
  ): void {
    let next = 0;
    this.#slots.forEach((slot, index) => {
      const state = slot.accumulator === null ? null : (states[next++] as AggregateState);
      slot.add(transaction, state, key, values[index] as SlotValue, weight, kept);
    });
    if (this.#images === null) return;
    const image = this.#imageOf(row);
    addWeight(transaction, this.#images, multisetKey(key, image), key.length, image, weight, kept);
  }

  /** The group's columns as they look in a row. */
  #imageOf(row: Row): Row {
    this.#view.set(row, this.#columns);
    return packRow(this.#groups.map((read) => read(this.#view)));
  }

  /** Writes the group's new state and returns its output; null when the group is no more. */
  #write(
    transaction: WriteTransaction,
    group: {
      readonly key: Buffer;
      readonly row: Row;
      readonly stored: Buffer | undefined;
      readonly count: number;
      readonly states: readonly AggregateState[];
    },
    tally: Tally,
  ): GroupOutput | null {
    const { key, stored, count, states } = group;
    if (stored !== undefined) tally.bytes -= key.length + stored.length;
    tally.rows += (count > 0 ? 1 : 0) - (stored === undefined ? 0 : 1);
    if (count === 0) {
      if (stored !== undefined) transaction.remove(this.#arrangement, key);
      return this.#scalar ? this.#emptyOutput() : null;
    }
    const image = this.#images === null ? this.#imageOf(group.row) : must(firstRow(transaction, this.#images, key));
    const output = this.#result(image, (slot, state) => slot.result(transaction, state, key), states);
    const state: GroupState = { count, output, states };
    const bytes = encodeGroupState(state);
    transaction.put(this.#arrangement, key, bytes);
    tally.bytes += key.length + bytes.length;
    return output;
  }

  #result(
    image: Row,
    resultOf: (slot: AggregateSlot, state: AggregateState | null) => Buffer | null,
    states: readonly AggregateState[],
  ): GroupOutput {
    let next = 0;
    try {
      const results = this.#slots.map((slot) =>
        resultOf(slot, slot.accumulator === null ? null : (states[next++] as AggregateState)),
      );
      return appendColumns(image, results);
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      return "failed";
    }
  }

  /** What a scalar aggregation puts out for no rows: min and max are NULL. */
  #emptyOutput(): GroupOutput {
    const states = this.#accumulators.map((accumulator) => accumulator.create());
    return this.#result(Buffer.alloc(0), (_slot, state) => state?.result() ?? null, states);
  }

  #emit(output: GroupOutput, weight: number, batch: DeltaBatch, tally: Tally): void {
    if (output === "failed") tally.errors += weight;
    else batch.push(output, weight);
  }
}
