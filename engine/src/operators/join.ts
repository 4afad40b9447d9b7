import { assert } from "@freshet/base";
import type { Expression, JoinPlan } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { type ColumnType, NULL_LENGTH, type Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { compareKeys } from "../state/compare-keys.ts";
import { copyBytes } from "../state/copy-bytes.ts";
import { KeyedRows, type WeightedRow } from "../state/keyed-rows.ts";
import { newTally, type Tally } from "../state/tally.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { compilePredicate, type CompileContext } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";

export type WeightedRows = readonly WeightedRow[];

const NO_ROWS: WeightedRows = [];

/** What a batch changes under one key. */
interface KeyGroup {
  readonly key: Buffer;
  readonly rows: WeightedRow[];
}

/** A batch of an arrange node, by key, in key order as it comes. Rows without a key (NULL) are not in it. */
function groupByKey(batch: DeltaBatch): readonly KeyGroup[] {
  const groups: KeyGroup[] = [];
  let last: KeyGroup | null = null;
  for (let index = 0; index < batch.length; index++) {
    const key = batch.keys[index] as Buffer | null;
    if (key === null) continue;
    const delta = { row: batch.rows[index] as Row, weight: batch.weights[index] as number };
    const order: number = last === null ? -1 : last.key === key ? 0 : compareKeys(last.key, key);
    assert(order <= 0, "an arrange node puts out its deltas in key order");
    if (order === 0) last?.rows.push(delta);
    else groups.push((last = { key, rows: [delta] }));
  }
  return groups;
}

/** For each of `groups` the rows under its key in `others`. */
function counterparts(groups: readonly KeyGroup[], others: readonly KeyGroup[]): readonly WeightedRows[] {
  let at = 0;
  return groups.map(({ key }) => {
    let order = -1;
    while (at < others.length && (order = compareKeys((others[at] as KeyGroup).key, key)) < 0) at++;
    return at < others.length && order === 0 ? (others[at] as KeyGroup).rows : NO_ROWS;
  });
}

/** `rows` without `deltas`: the state before them. */
function before(rows: WeightedRows, deltas: WeightedRows): WeightedRows {
  if (deltas.length === 0) return rows;
  const weights = new Map<string, { row: Row; weight: number }>();
  for (const { row, weight } of rows) weights.set(row.toString("latin1"), { row, weight });
  for (const { row, weight } of deltas) {
    const name = row.toString("latin1");
    const present = weights.get(name);
    if (present === undefined) weights.set(name, { row, weight: -weight });
    else present.weight -= weight;
  }
  return [...weights.values()].filter(({ weight }) => weight !== 0);
}

/** One side of a join. */
interface Side {
  readonly rows: KeyedRows;
  /** Whether its rows that meet nothing are put out, padded with NULLs. */
  readonly preserved: boolean;
  /** Concatenates a row of this side with one of the other. */
  readonly pair: (own: Row, other: Row) => Row;
  /** NULLs in the place of the other side's columns. */
  readonly padding: Row;
}

function joinRows(left: Row, right: Row): Row {
  const pair = Buffer.allocUnsafe(left.length + right.length);
  copyBytes(left, 0, left.length, pair, 0);
  copyBytes(right, 0, right.length, pair, left.length);
  return pair;
}

function nullRow(columns: number): Row {
  const row = Buffer.alloc(columns * 4);
  for (let index = 0; index < columns; index++) row.writeInt32BE(NULL_LENGTH, index * 4);
  return row;
}

interface JoinInput {
  readonly arrangement: number;
  readonly columns: readonly ColumnType[];
}

/**
 * Inner, left and full join of two arrange nodes. With A and B the inputs' states before the batch:
 *   delta = dA x B + A' x dB (A' = A + dA), and for each preserved side, here A,
 *   pads(A', B') - pads(A, B) = pads(dA, B') + pads(A, B') - pads(A, B),
 * where a row is padded as long as nothing meets it. A pair whose residual fails counts as an error and as no match.
 */
export class JoinOperator implements Operator {
  readonly repeats = true;
  readonly #left: Side;
  readonly #right: Side;
  readonly #residual: ((row: RowView) => boolean) | null;
  readonly #columns: number;
  readonly #view = new RowView();

  constructor(
    plan: { readonly join: JoinPlan["join"]; readonly residual: Expression | null },
    left: JoinInput,
    right: JoinInput,
    context: CompileContext,
  ) {
    const columns = [...left.columns, ...right.columns];
    this.#left = {
      rows: new KeyedRows(left.arrangement),
      preserved: plan.join !== "inner",
      pair: joinRows,
      padding: nullRow(right.columns.length),
    };
    this.#right = {
      rows: new KeyedRows(right.arrangement),
      preserved: plan.join === "full",
      pair: (own, other) => joinRows(other, own),
      padding: nullRow(left.columns.length),
    };
    this.#residual = plan.residual === null ? null : compilePredicate(plan.residual, columns, context);
    this.#columns = columns.length;
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const [leftDelta, rightDelta] = [inputs[0] as DeltaBatch, inputs[1] as DeltaBatch];
    const leftGroups = groupByKey(leftDelta);
    const rightGroups = groupByKey(rightDelta);
    const rightOfLeft = counterparts(leftGroups, rightGroups);
    const leftOfRight = counterparts(rightGroups, leftGroups);
    const output = new DeltaBatch();
    leftGroups.forEach(({ key, rows }, index) => {
      const rightNow = this.#right.rows.rowsAt(transaction, key);
      const rightBefore = before(rightNow, rightOfLeft[index] ?? NO_ROWS);
      for (const left of rows) this.#meet(left, rightBefore, output, tally);
      this.#padAlone(this.#left, rows, rightNow, output);
    });
    rightGroups.forEach(({ key, rows }, index) => {
      const leftNow = this.#left.rows.rowsAt(transaction, key);
      for (const left of leftNow) this.#meet(left, rows, output, tally);
      this.#padAlone(this.#right, rows, leftNow, output);
      const leftBefore = before(leftNow, leftOfRight[index] ?? NO_ROWS);
      if (this.#left.preserved) this.#repad(transaction, this.#left, leftBefore, this.#right, { key, rows }, output);
    });
    if (this.#right.preserved) {
      leftGroups.forEach(({ key, rows }, index) => {
        const rightBefore = before(this.#right.rows.rowsAt(transaction, key), rightOfLeft[index] ?? NO_ROWS);
        this.#repad(transaction, this.#right, rightBefore, this.#left, { key, rows }, output);
      });
    }
    this.#padKeyless(this.#left, leftDelta, output);
    this.#padKeyless(this.#right, rightDelta, output);
    return output;
  }

  *enumerate(reads: ReadTransaction, inputs: readonly (() => Enumeration)[], tally: Tally): Enumeration {
    yield* this.#enumerateSide(reads, inputs[0] as () => Enumeration, this.#right, (left, rights, output) => {
      this.#meet(left, rights, output, tally);
      this.#padAlone(this.#left, [left], rights, output);
    });
    if (!this.#right.preserved) return;
    yield* this.#enumerateSide(reads, inputs[1] as () => Enumeration, this.#left, (right, lefts, output) =>
      this.#padAlone(this.#right, [right], lefts, output),
    );
  }

  /** By the rows of one side: of the left one, or, of an inner join, of the right one. */
  *enumerateOf(reads: ReadTransaction, inputs: readonly (() => Enumeration)[]): Enumeration {
    const [left, right] = inputs;
    const ignored = newTally();
    if (left !== undefined) {
      yield* this.#enumerateSide(reads, left, this.#right, (own, rights, output) => {
        this.#meet(own, rights, output, ignored);
        this.#padAlone(this.#left, [own], rights, output);
      });
    } else if (right !== undefined) {
      yield* this.#enumerateSide(reads, right, this.#left, (own, lefts, output) => {
        for (const other of lefts) this.#meet(other, [own], output, ignored);
      });
    }
  }

  /** Calls `visit` for each row of one side with the other side's rows under its key. */
  *#enumerateSide(
    reads: ReadTransaction,
    input: () => Enumeration,
    other: Side,
    visit: (own: WeightedRow, others: WeightedRows, output: DeltaBatch) => void,
  ): Enumeration {
    let output = new DeltaBatch();
    let visited = 0;
    let cachedKey = null as Buffer | null;
    let cachedRows = NO_ROWS;
    for (const batch of input()) {
      for (let index = 0; index < batch.length; index++) {
        const key = batch.keys[index] as Buffer | null;
        const own = { row: batch.rows[index] as Row, weight: batch.weights[index] as number };
        if (key !== null && key !== cachedKey && (cachedKey === null || !key.equals(cachedKey))) {
          cachedKey = key;
          cachedRows = other.rows.rowsAt(reads, key);
        }
        const others = key === null ? NO_ROWS : cachedRows;
        visit(own, others, output);
        // Bounded by the pairs looked at, not by those that meet: a batch may be empty.
        visited += 1 + others.length;
        if (visited < ENUMERATED_ROWS) continue;
        yield output;
        output = new DeltaBatch();
        visited = 0;
      }
    }
    if (output.length > 0) yield output;
  }

  /** Puts out the pairs of one left row with `rights`. */
  #meet(left: WeightedRow, rights: WeightedRows, output: DeltaBatch, tally: Tally): void {
    for (const right of rights) {
      const pair = joinRows(left.row, right.row);
      const weight = left.weight * right.weight;
      const met = this.#test(pair);
      if (met === true) output.push(pair, weight);
      else if (met === "failed") tally.errors += weight;
    }
  }

  #test(pair: Row): boolean | "failed" {
    if (this.#residual === null) return true;
    this.#view.set(pair, this.#columns);
    try {
      return this.#residual(this.#view);
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      return "failed";
    }
  }

  #matches(side: Side, row: Row, others: WeightedRows): boolean {
    if (this.#residual === null) return others.length > 0;
    return others.some((other) => this.#test(side.pair(row, other.row)) === true);
  }

  /** Pads those of a preserved side's rows that meet none of `others`. */
  #padAlone(side: Side, rows: WeightedRows, others: WeightedRows, output: DeltaBatch): void {
    if (!side.preserved) return;
    for (const { row, weight } of rows)
      if (!this.#matches(side, row, others)) output.push(side.pair(row, side.padding), weight);
  }

  /** Pads of rows that were there before: appear or vanish where matches on the other side vanish or appear. */
  #repad(
    reads: ReadTransaction,
    side: Side,
    rows: WeightedRows,
    other: Side,
    delta: { readonly key: Buffer; readonly rows: WeightedRows },
    output: DeltaBatch,
  ): void {
    if (rows.length === 0) return;
    // Without a residual any one match counts: one entry more than there are deltas tells before and after.
    const limit = this.#residual === null ? delta.rows.length + 1 : undefined;
    const othersNow = other.rows.rowsAt(reads, delta.key, limit);
    const othersBefore = before(othersNow, delta.rows);
    for (const { row, weight } of rows) {
      const now = this.#matches(side, row, othersNow);
      if (now === this.#matches(side, row, othersBefore)) continue;
      output.push(side.pair(row, side.padding), now ? -weight : weight);
    }
  }

  /** Rows with NULL in their key meet nothing. */
  #padKeyless(side: Side, delta: DeltaBatch, output: DeltaBatch): void {
    if (!side.preserved) return;
    for (let index = 0; index < delta.length; index++) {
      if (delta.keys[index] !== null) continue;
      output.push(side.pair(delta.rows[index] as Row, side.padding), delta.weights[index] as number);
    }
  }
}
