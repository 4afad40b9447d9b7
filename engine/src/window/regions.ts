import { compareKeys } from "../state/compare-keys.ts";
import type { ReadTransaction } from "@freshet/store";
import { behindKey, type ChangedStretch } from "./chain-run.ts";
import type { ChainState } from "./chain-state.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { PartitionEntries, WindowEntry } from "./partition-entries.ts";
import { firstLookedAt, firstLooking, lastLookedAt, lastLooking, type Reaches } from "./reach.ts";

/** Rows to compute again, and the rows to read for that. A null key: the partition's first or last row. */
export interface Region {
  readonly firstKey: Buffer | null;
  readonly lastKey: Buffer | null;
  readonly readFrom: Buffer | null;
  readonly readTo: Buffer | null;
  /** The chain's state before the first row that is read. */
  readonly base: ChainState;
}

interface Bounded {
  readonly first: Buffer;
  readonly last: Buffer;
  readonly readFrom: Buffer | null;
  readonly readTo: Buffer;
  readonly base: ChainState;
}

/** Where to look for regions. `initial` makes the state that no row has entered; without checkpoints no call needs another. */
export interface RegionFinder {
  readonly reads: ReadTransaction;
  readonly partition: Buffer;
  readonly entries: PartitionEntries;
  readonly reaches: Reaches;
  readonly checkpoints: Checkpoints | null;
  readonly initial: () => ChainState;
}

function boundedRegion(finder: RegionFinder, stretch: ChangedStretch): Bounded {
  const { entries, reaches, checkpoints, reads, partition } = finder;
  const first: WindowEntry = firstLooking(entries, stretch.first, reaches);
  const last: WindowEntry = lastLooking(entries, stretch.last, reaches);
  const readFrom = firstLookedAt(entries, first, reaches).key;
  const readTo = lastLookedAt(entries, last, reaches).key;
  const bounds = { first: first.key, last: last.key, readTo };
  if (checkpoints === null) return { ...bounds, readFrom, base: finder.initial() };
  const { key, state } = checkpoints.find(reads, partition, behindKey(readFrom));
  return { ...bounds, readFrom: key, base: state };
}

const later = (a: Buffer, b: Buffer): Buffer => (compareKeys(a, b) >= 0 ? a : b);

/** Whether what `next` reads, or puts out, begins within `region`: then the state before it may be another than it was. */
function meets(region: Bounded, next: Bounded, hasChain: boolean): boolean {
  const from = hasChain ? next.readFrom : next.first;
  return from === null || compareKeys(from, region.last) <= 0 || compareKeys(next.first, region.last) <= 0;
}

/** The regions in which calls may have another value after the batch; disjoint and in order. */
export function regionsOf(finder: RegionFinder, stretches: readonly ChangedStretch[]): Region[] {
  const regions: Bounded[] = [];
  for (const stretch of stretches) {
    const next = boundedRegion(finder, stretch);
    const region = regions.at(-1);
    if (region === undefined || !meets(region, next, finder.checkpoints !== null)) {
      regions.push(next);
      continue;
    }
    regions[regions.length - 1] = {
      first: region.first,
      last: later(region.last, next.last),
      readFrom: region.readFrom,
      readTo: later(region.readTo, next.readTo),
      base: region.base,
    };
  }
  return regions.map(({ first, last, readFrom, readTo, base }) => ({
    firstKey: first,
    lastKey: last,
    readFrom,
    readTo,
    base,
  }));
}

/** The whole partition. */
export function wholePartition(initial: ChainState): Region {
  return { firstKey: null, lastKey: null, readFrom: null, readTo: null, base: initial };
}
