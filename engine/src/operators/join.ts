import type { Expression } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { type ColumnType, NULL_LENGTH, type Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { decodeMultisetEntry } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { compilePredicate, type CompileContext } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";

/** Rows with their weights under one key. */
export type WeightedRows = readonly { readonly row: Row; readonly weight: number }[];

const NO_ROWS: WeightedRows = [];

/** A batch of an arrange node, by key. Rows without a key (NULL) are not in it. */
function groupByKey(
  batch: DeltaBatch,
): Map<string, { readonly key: Buffer; readonly rows: { row: Row; weight: number }[] }> {
  const groups = new Map<string, { key: Buffer; rows: { row: Row; weight: number }[] }>();
  for (let index = 0; index < batch.length; index++) {
    const key = batch.keys[index] as Buffer | null;
    if (key === null) continue;
    const name = key.toString("latin1");
    const delta = { row: batch.rows[index] as Row, weight: batch.weights[index] as number };
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { key, rows: [delta] });
    else group.rows.push(delta);
  }
  return groups;
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

/**
 * Inner and left join of two arrange nodes. With A and B the inputs' states before the batch:
 *   delta = dA x B + A' x dB (A' = A + dA), and for a left join
 *   pads(A', B') - pads(A, B), where a left row is padded as long as nothing meets it.
 * A pair whose residual fails counts as an error and as no match.
 */
export class JoinOperator implements Operator {
  readonly repeats = true;
  readonly #left: number;
  readonly #right: number;
  readonly #outer: boolean;
  readonly #residual: ((row: RowView) => boolean) | null;
  readonly #columns: number;
  readonly #padding: Buffer;
  readonly #view = new RowView();

  constructor(
    plan: { readonly join: "inner" | "left"; readonly residual: Expression | null },
    left: { readonly arrangement: number; readonly columns: readonly ColumnType[] },
    right: { readonly arrangement: number; readonly columns: readonly ColumnType[] },
    context: CompileContext,
  ) {
    const columns = [...left.columns, ...right.columns];
    this.#left = left.arrangement;
    this.#right = right.arrangement;
    this.#outer = plan.join === "left";
    this.#residual = plan.residual === null ? null : compilePredicate(plan.residual, columns, context);
    this.#columns = columns.length;
    this.#padding = Buffer.alloc(right.columns.length * 4);
    right.columns.forEach((_column, index) => this.#padding.writeInt32BE(NULL_LENGTH, index * 4));
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const leftDelta = inputs[0] as DeltaBatch;
    const leftGroups = groupByKey(leftDelta);
    const rightGroups = groupByKey(inputs[1] as DeltaBatch);
    const output = new DeltaBatch();
    for (const [name, { key, rows }] of leftGroups) {
      const rightNow = this.#rowsAt(transaction, this.#right, key);
      const rightDelta = rightGroups.get(name)?.rows ?? NO_ROWS;
      const rightBefore = before(rightNow, rightDelta);
      for (const left of rows) this.#meet(left, rightBefore, output, tally);
      if (!this.#outer) continue;
      for (const { row, weight } of rows) if (!this.#matches(row, rightNow)) output.push(this.#padded(row), weight);
    }
    for (const [name, { key, rows }] of rightGroups) {
      const leftNow = this.#rowsAt(transaction, this.#left, key);
      for (const left of leftNow) this.#meet(left, rows, output, tally);
      if (!this.#outer) continue;
      const leftBefore = before(leftNow, leftGroups.get(name)?.rows ?? NO_ROWS);
      if (leftBefore.length === 0) continue;
      // Without a residual any one match counts: one entry more than there are deltas tells before and after.
      const limit = this.#residual === null ? rows.length + 1 : undefined;
      this.#repad(leftBefore, this.#rowsAt(transaction, this.#right, key, limit), rows, output);
    }
    if (this.#outer) this.#padKeyless(leftDelta, output);
    return output;
  }

  *enumerate(reads: ReadTransaction, inputs: readonly (() => Enumeration)[], tally: Tally): Enumeration {
    let output = new DeltaBatch();
    let cachedKey = null as Buffer | null;
    let cachedRows = NO_ROWS;
    for (const batch of (inputs[0] as () => Enumeration)()) {
      for (let index = 0; index < batch.length; index++) {
        const key = batch.keys[index] as Buffer | null;
        const left = { row: batch.rows[index] as Row, weight: batch.weights[index] as number };
        if (key !== null && (cachedKey === null || !key.equals(cachedKey))) {
          cachedKey = key;
          cachedRows = this.#rowsAt(reads, this.#right, key);
        }
        const rows = key === null ? NO_ROWS : cachedRows;
        this.#meet(left, rows, output, tally);
        if (this.#outer && !this.#matches(left.row, rows)) output.push(this.#padded(left.row), left.weight);
        if (output.length < ENUMERATED_ROWS) continue;
        yield output;
        output = new DeltaBatch();
      }
    }
    if (output.length > 0) yield output;
  }

  #rowsAt(reads: ReadTransaction, arrangement: number, key: Buffer, limit?: number): WeightedRows {
    const rows: { row: Row; weight: number }[] = [];
    for (const entry of reads.scanPrefix(arrangement, key, limit)) rows.push(decodeMultisetEntry(entry));
    return rows;
  }

  /** Puts out the pairs of one left row with `rights`. */
  #meet(
    left: { readonly row: Row; readonly weight: number },
    rights: WeightedRows,
    output: DeltaBatch,
    tally: Tally,
  ): void {
    for (const right of rights) {
      const pair = Buffer.allocUnsafe(left.row.length + right.row.length);
      pair.set(left.row, 0);
      pair.set(right.row, left.row.length);
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

  #matches(left: Row, rights: WeightedRows): boolean {
    if (this.#residual === null) return rights.length > 0;
    return rights.some((right) => this.#test(Buffer.concat([left, right.row])) === true);
  }

  #padded(left: Row): Row {
    return Buffer.concat([left, this.#padding]);
  }

  /** Pads of left rows that were there before: appear or vanish where matches vanish or appear. */
  #repad(lefts: WeightedRows, rightNow: WeightedRows, rightDelta: WeightedRows, output: DeltaBatch): void {
    const rightBefore = before(rightNow, rightDelta);
    for (const { row, weight } of lefts) {
      const now = this.#matches(row, rightNow);
      if (now === this.#matches(row, rightBefore)) continue;
      output.push(this.#padded(row), now ? -weight : weight);
    }
  }

  /** Left rows with NULL in their key meet nothing. */
  #padKeyless(leftDelta: DeltaBatch, output: DeltaBatch): void {
    for (let index = 0; index < leftDelta.length; index++) {
      if (leftDelta.keys[index] !== null) continue;
      output.push(this.#padded(leftDelta.rows[index] as Row), leftDelta.weights[index] as number);
    }
  }
}
