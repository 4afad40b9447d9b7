import { must } from "@freshet/base";
import type { WriteTransaction } from "@freshet/store";
import type { DeltaBatch } from "../delta/delta-batch.ts";
import { compareKeys } from "../state/compare-keys.ts";
import type { Tally } from "../state/tally.ts";
import { type ChainDifference, runChain } from "./chain-run.ts";
import { type ChainSpec, ChainState } from "./chain-state.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { CompiledCall } from "./compiled-call.ts";
import { type CallValues, evaluateStretch } from "./evaluate-stretch.ts";
import { keyBehind, PartitionEntries, type RowEvaluator, type WindowEntry } from "./partition-entries.ts";
import type { Reaches } from "./reach.ts";
import { type Region, regionsOf, wholePartition } from "./regions.ts";
import { WindowRows } from "./window-rows.ts";

/** A partition of a window, and what a batch changed in it. */
export interface UpdatedPartition {
  readonly arrangement: number;
  readonly partition: Buffer;
  /** In key order; the store has taken them in. */
  readonly changes: readonly WindowEntry[];
  readonly calls: readonly CompiledCall[];
  readonly chain: ChainSpec;
  /** Null where no call needs a chain. */
  readonly checkpoints: Checkpoints | null;
  readonly evaluator: RowEvaluator;
}

type Side = "before" | "after";

/** Puts out what a batch changes in the values over one partition. */
export class PartitionUpdate {
  readonly #transaction: WriteTransaction;
  readonly #of: UpdatedPartition;
  readonly #entries: PartitionEntries;

  constructor(transaction: WriteTransaction, of: UpdatedPartition) {
    this.#transaction = transaction;
    this.#of = of;
    this.#entries = new PartitionEntries(transaction, of.arrangement, of.partition, of.changes, of.evaluator);
  }

  run(output: DeltaBatch, tally: Tally): void {
    const { checkpoints, changes, calls, chain } = this.#of;
    const difference = this.#difference(tally);
    const totals = this.#totals(difference);
    if (calls.some(({ needs }) => needs.everything) || this.#totalChanged(totals)) {
      this.#emit(wholePartition(new ChainState(chain)), totals, output, tally);
      return;
    }
    const reaches: Reaches = {
      back: calls.flatMap(({ needs }) => needs.back),
      forward: calls.flatMap(({ needs }) => needs.forward),
    };
    const finder = {
      reads: this.#transaction,
      partition: this.#of.partition,
      entries: this.#entries,
      reaches,
      checkpoints,
      initial: () => new ChainState(chain),
    };
    const stretches = difference?.stretches ?? changes.map((change) => ({ first: change, last: change }));
    for (const region of regionsOf(finder, stretches)) this.#emit(region, totals, output, tally);
  }

  #difference(tally: Tally): ChainDifference | null {
    const { checkpoints, partition, changes } = this.#of;
    if (checkpoints === null) return null;
    return runChain(this.#transaction, checkpoints, partition, this.#entries, changes, tally);
  }

  /** The states of the whole partition, where a call needs them. */
  #totals(difference: ChainDifference | null): Readonly<Record<Side, ChainState>> | null {
    const { checkpoints, partition, calls } = this.#of;
    if (checkpoints === null || !calls.some(({ needs }) => needs.total)) return null;
    const totals = difference?.totals ?? null;
    if (totals !== null) return totals;
    const { key, state } = checkpoints.find(this.#transaction, partition, keyBehind(partition));
    for (const entry of this.#entries.forward(key)) state.advance(entry, entry.after);
    return { before: state, after: state };
  }

  #totalChanged(totals: Readonly<Record<Side, ChainState>> | null): boolean {
    if (totals === null || totals.before === totals.after) return false;
    return this.#of.calls.some(({ needs }, index) => {
      if (!needs.total) return false;
      if (needs.position) return totals.before.position !== totals.after.position;
      return !must(totals.before.folds[index]).serialize().equals(must(totals.after.folds[index]).serialize());
    });
  }

  #emit(region: Region, totals: Readonly<Record<Side, ChainState>> | null, output: DeltaBatch, tally: Tally): void {
    const entries: WindowEntry[] = [];
    let [first, behind] = [0, 0];
    for (const entry of this.#entries.forward(region.readFrom)) {
      if (region.readTo !== null && compareKeys(entry.key, region.readTo) > 0) break;
      if (region.firstKey !== null && compareKeys(entry.key, region.firstKey) < 0) first++;
      if (region.lastKey === null || compareKeys(entry.key, region.lastKey) <= 0) behind++;
      entries.push(entry);
    }
    const before = this.#valuesOf(entries, first, behind, "before", region, totals);
    const after = this.#valuesOf(entries, first, behind, "after", region, totals);
    for (const entry of entries.slice(first, behind)) {
      const old = take(before, entry.before);
      const now = take(after, entry.after);
      if (old.length === now.length && old.every((values, copy) => sameValues(values, now[copy]))) continue;
      emitDifference(entry, old, now, output, tally);
    }
  }

  #valuesOf(
    entries: readonly WindowEntry[],
    first: number,
    behind: number,
    side: Side,
    region: Region,
    totals: Readonly<Record<Side, ChainState>> | null,
  ): Iterator<CallValues> {
    const rows = new WindowRows(entries, side);
    const copies = (part: readonly WindowEntry[]): number => part.reduce((sum, entry) => sum + entry[side], 0);
    const from = copies(entries.slice(0, first));
    const to = from + copies(entries.slice(first, behind));
    return evaluateStretch(this.#of.calls, { rows, base: region.base, total: totals?.[side] ?? null }, from, to);
  }
}

function take(values: Iterator<CallValues>, count: number): CallValues[] {
  return Array.from({ length: count }, () => values.next().value as CallValues);
}

function sameValues(a: CallValues, b: CallValues | undefined): boolean {
  if (a === null || b === null || b === undefined) return a === b;
  return a.equals(b);
}

/** Takes back the row's copies as they were and puts out those that are now; copies that look the same cancel. */
function emitDifference(
  entry: WindowEntry,
  old: readonly CallValues[],
  now: readonly CallValues[],
  output: DeltaBatch,
  tally: Tally,
): void {
  const weights = new Map<string, { readonly values: CallValues; weight: number }>();
  const add = (values: CallValues, weight: number): void => {
    const name = values === null ? "failed" : values.toString("latin1");
    const known = weights.get(name);
    if (known === undefined) weights.set(name, { values, weight });
    else known.weight += weight;
  };
  for (const values of old) add(values, -1);
  for (const values of now) add(values, 1);
  for (const { values, weight } of weights.values()) {
    if (weight === 0) continue;
    if (values === null) tally.errors += weight;
    else output.push(Buffer.concat([entry.row, values]), weight);
  }
}
