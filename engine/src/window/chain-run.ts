import { must } from "@freshet/base";
import type { WriteTransaction } from "@freshet/store";
import { compareKeys } from "../state/compare-keys.ts";
import type { Tally } from "../state/tally.ts";
import type { ChainState } from "./chain-state.ts";
import { type Checkpoints, isCheckpointKey } from "./checkpoints.ts";
import type { PartitionEntries, WindowEntry } from "./partition-entries.ts";

/** Rows between two looks whether the states before and after the batch have become the same. */
const COMPARED_EVERY = 8;

/** A stretch of rows behind whose `last` row nothing that the batch changed at `first` is felt. */
export interface ChangedStretch {
  readonly first: WindowEntry;
  readonly last: WindowEntry;
}

/** Where the chain differs before and after a batch. */
export interface ChainDifference {
  readonly stretches: readonly ChangedStretch[];
  /** The whole partition's states, where they have not become the same before its end. */
  readonly totals: { readonly before: ChainState; readonly after: ChainState } | null;
}

/** The key right behind `key`, as the end of a range that takes `key` in. */
export function behindKey(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.alloc(1)]);
}

/**
 * Follows the chain from each changed row until its state is again what it was, and writes the checkpoints on the way.
 * `changes` are in key order, and there is one at least.
 */
export function runChain(
  transaction: WriteTransaction,
  checkpoints: Checkpoints,
  partition: Buffer,
  entries: PartitionEntries,
  changes: readonly WindowEntry[],
  tally: Tally,
): ChainDifference {
  const stretches: ChangedStretch[] = [];
  let taken = 0;
  let resume: { readonly key: Buffer | null; readonly state: ChainState } = { key: null, state: checkpoints.initial() };
  while (taken < changes.length) {
    const known = checkpoints.find(transaction, partition, behindKey(must(changes[taken]).key));
    // Not back to before where the states have become the same: the changes there are taken.
    const start = isBehind(known.key, resume.key) ? known : resume;
    const after = start.state;
    let before: ChainState | null = null;
    let [first, last]: (WindowEntry | null)[] = [null, null];
    let unchanged = 0;
    let agreed = false;
    for (const entry of entries.forward(start.key)) {
      const isChange = entry.before !== entry.after;
      if (before !== null && !isChange && unchanged++ % COMPARED_EVERY === 0 && before.equals(after)) {
        agreed = true;
        resume = { key: entry.key, state: after };
        break;
      }
      if (entry.after > 0 && isCheckpointKey(entry.key)) checkpoints.put(transaction, entry.key, after, tally);
      if (isChange) {
        taken++;
        unchanged = 0;
        first ??= entry;
        before ??= after.clone();
      }
      if (before !== null) {
        before.advance(entry, entry.before);
        last = entry;
      }
      after.advance(entry, entry.after);
    }
    stretches.push({ first: must(first), last: must(last) });
    if (!agreed) return { stretches, totals: { before: must(before), after } };
  }
  return { stretches, totals: null };
}

function isBehind(key: Buffer | null, other: Buffer | null): boolean {
  return key !== null && (other === null || compareKeys(key, other) > 0);
}
