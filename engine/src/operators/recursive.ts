import { FreshetError, SqlState } from "@freshet/base";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { ColumnType, Row } from "@freshet/values";
import { consolidate, DeltaBatch } from "../delta/delta-batch.ts";
import { addWeight, decodeMultisetEntry, multisetKey, pagedScan } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { type CompileContext, requireEquality } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";
import type { RecursiveBody } from "./recursive-body.ts";
import { PendingDeltas, SupportedRows } from "./recursive-state.ts";

/** Rounds of a recursion that one batch runs; what is left after them waits, and the node has an error in scope. */
export const MAX_RECURSION_ROUNDS = 10_000;
/** Changed rows of all these rounds together. */
export const MAX_RECURSION_ROWS = 1_000_000;

const NO_PREFIX: Buffer = Buffer.alloc(0);

/** Counts a batch's rounds. */
class Rounds {
  #rounds = 0;
  #rows = 0;

  /** Whether another round over so many rows is within the bounds. */
  allows(rows: number): boolean {
    this.#rows += rows;
    return ++this.#rounds <= MAX_RECURSION_ROUNDS && this.#rows <= MAX_RECURSION_ROWS;
  }
}

function ofSign(batch: DeltaBatch, sign: 1 | -1): DeltaBatch {
  const part = new DeltaBatch();
  batch.forEach((row, weight) => {
    if (weight * sign > 0) part.push(row, weight);
  });
  return part;
}

/**
 * WITH RECURSIVE over a body that is linear in the result: the body is a graph of its own inside this node, run by deltas until nothing
 * changes any more.
 *
 * UNION ALL: with N the first input and B the body, the result R is the multiset for which R = N + B(R). Each round adds to R what the
 * last one changed in B(R); R stays a multiset of positive weights throughout, and where the recursion ends at all, also after deletes, it
 * ends at the result.
 *
 * UNION: every row has its support, the number of ways in which it follows from N and B(R). Deletes over-delete first: whatever has lost
 * one of its ways is taken out, and what follows from it in turn; so cycles that only support themselves
 * break. Then rows that have support still, and new ones, are put in until nothing new follows. A delete costs as many steps as
 * there are rows that follow from the deleted ones, though they may all come back.
 *
 * A recursion that does not end within MAX_RECURSION_ROUNDS (cycles under UNION ALL) is an error in scope, until a later batch gets to its end.
 */
export class RecursiveOperator implements Operator {
  readonly repeats = true;
  readonly #all: boolean;
  readonly #body: RecursiveBody;
  readonly #arrangement: number;
  readonly #rows: SupportedRows;
  readonly #pending: PendingDeltas;

  constructor(
    all: boolean,
    body: RecursiveBody,
    columns: readonly ColumnType[],
    arrangements: { readonly rows: number; readonly pending: number },
    context: CompileContext,
  ) {
    if (!all && columns.some((column) => !requireEquality(context, column).imageIsIdentity)) {
      throw new FreshetError(
        SqlState.featureNotSupported,
        "a recursive UNION over a type whose equal values can look different is not supported in caches",
      );
    }
    this.#all = all;
    this.#body = body;
    this.#arrangement = arrangements.rows;
    this.#rows = new SupportedRows(arrangements.rows);
    this.#pending = new PendingDeltas(arrangements.pending);
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const waiting = this.#pending.take(transaction, tally);
    if (waiting.length > 0) tally.errors--;
    const output = new DeltaBatch();
    const left = this.#all
      ? this.#addAll(transaction, inputs, waiting, output, tally)
      : this.#addDistinct(transaction, inputs, waiting, output, tally);
    if (left.length > 0) {
      this.#pending.put(transaction, left, tally);
      tally.errors++;
    }
    return output;
  }

  *enumerate(reads: ReadTransaction): Enumeration {
    let batch = new DeltaBatch();
    for (const { row, weight } of this.#present(reads)) {
      batch.push(row, weight);
      if (batch.length < ENUMERATED_ROWS) continue;
      yield batch;
      batch = new DeltaBatch();
    }
    if (batch.length > 0) yield batch;
  }

  *#present(reads: ReadTransaction): Generator<{ readonly row: Row; readonly weight: number }, void> {
    if (this.#all) for (const entry of pagedScan(reads, this.#arrangement)) yield decodeMultisetEntry(entry);
    else for (const row of this.#rows.present(reads)) yield { row, weight: 1 };
  }

  /** What a change of the inputs changes in N + B(R), R staying as it is. */
  #firstChange(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const others = new Map(inputs.slice(1).map((batch, index): [number, DeltaBatch] => [index + 1, batch]));
    const changed = new DeltaBatch();
    for (const batch of [inputs[0] as DeltaBatch, this.#body.run(transaction, others, tally)]) {
      batch.forEach((row, weight) => changed.push(row, weight));
    }
    return changed;
  }

  #runBody(transaction: WriteTransaction, result: DeltaBatch, tally: Tally): DeltaBatch {
    return consolidate(this.#body.run(transaction, new Map([[0, result]]), tally));
  }

  /** UNION ALL; returns what is left when the rounds are over. */
  #addAll(
    transaction: WriteTransaction,
    inputs: readonly DeltaBatch[],
    waiting: DeltaBatch,
    output: DeltaBatch,
    tally: Tally,
  ): DeltaBatch {
    const rounds = new Rounds();
    const changed = this.#firstChange(transaction, inputs, tally);
    waiting.forEach((row, weight) => changed.push(row, weight));
    let next = consolidate(changed);
    while (next.length > 0 && rounds.allows(next.length)) {
      next.forEach((row, weight) => {
        addWeight(transaction, this.#arrangement, multisetKey(NO_PREFIX, row), 0, row, weight, tally);
        output.push(row, weight);
      });
      next = this.#runBody(transaction, next, tally);
    }
    return next;
  }

  /**
   * UNION; returns the supported rows that are not in the result yet when the rounds are over. What is taken from the inputs goes
   * first, and alone: a row that loses a way and gets another one at once might have got it from itself.
   */
  #addDistinct(
    transaction: WriteTransaction,
    inputs: readonly DeltaBatch[],
    waiting: DeltaBatch,
    output: DeltaBatch,
    tally: Tally,
  ): DeltaBatch {
    const candidates = new DeltaBatch();
    waiting.forEach((row) => candidates.push(row, 1));
    const taken = this.#firstChange(
      transaction,
      inputs.map((batch) => ofSign(batch, -1)),
      tally,
    );
    this.#overDelete(transaction, consolidate(taken), candidates, output, tally);
    const added = this.#firstChange(
      transaction,
      inputs.map((batch) => ofSign(batch, 1)),
      tally,
    );
    this.#addSupport(transaction, added, tally);
    added.forEach((row) => candidates.push(row, 1));
    const rounds = new Rounds();
    let next = this.#supported(transaction, candidates);
    while (next.length > 0 && rounds.allows(next.length)) {
      next.forEach((row) => this.#setPresent(transaction, row, true, output, tally));
      const gained = this.#runBody(transaction, next, tally);
      this.#addSupport(transaction, gained, tally);
      next = this.#supported(transaction, gained);
    }
    return next;
  }

  /** Takes the changes of support in, and everything out that lost some; all that may have to come in becomes a candidate. */
  #overDelete(
    transaction: WriteTransaction,
    changed: DeltaBatch,
    candidates: DeltaBatch,
    output: DeltaBatch,
    tally: Tally,
  ): void {
    for (let next = changed; next.length > 0;) {
      this.#addSupport(transaction, next, tally);
      const lost = new DeltaBatch();
      next.forEach((row, weight) => {
        candidates.push(row, 1);
        if (weight >= 0 || !this.#rows.get(transaction, row).present) return;
        this.#setPresent(transaction, row, false, output, tally);
        lost.push(row, -1);
      });
      next = lost.length === 0 ? lost : this.#runBody(transaction, lost, tally);
    }
  }

  #addSupport(transaction: WriteTransaction, changes: DeltaBatch, tally: Tally): void {
    changes.forEach((row, weight) => {
      const { count, present } = this.#rows.get(transaction, row);
      this.#rows.put(transaction, row, { count: count + weight, present }, tally);
    });
  }

  #setPresent(transaction: WriteTransaction, row: Row, present: boolean, output: DeltaBatch, tally: Tally): void {
    const { count } = this.#rows.get(transaction, row);
    this.#rows.put(transaction, row, { count, present }, tally);
    output.push(row, present ? 1 : -1);
  }

  /** Those of the rows that belong into the result and are not in it, each once. */
  #supported(reads: ReadTransaction, rows: DeltaBatch): DeltaBatch {
    const found = new DeltaBatch();
    const seen = new Set<string>();
    rows.forEach((row) => {
      const name = row.toString("latin1");
      if (seen.has(name)) return;
      seen.add(name);
      const { count, present } = this.#rows.get(reads, row);
      if (count > 0 && !present) found.push(row, 1);
    });
    return found;
  }
}
