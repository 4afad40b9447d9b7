import type { CompiledFrame } from "./frame.ts";
import { isBeforeEnd, isBeforeStart } from "./frame.ts";
import { arePeers, type PartitionEntries, type WindowEntry } from "./partition-entries.ts";

/** How far to one side of a row a call looks. `groups: 0` are the row's own peers. */
export type Reach =
  | { readonly kind: "rows"; readonly count: number }
  | { readonly kind: "groups"; readonly count: number }
  | { readonly kind: "range"; readonly frame: CompiledFrame };

/** Counts on both sides of the batch: a reach ends where it has ended before and after it. */
class Walk {
  readonly #reach: Reach;
  readonly #inRange: (entry: WindowEntry) => boolean;
  #rows = { before: 0, after: 0 };
  #groups = { before: 0, after: 0 };
  readonly #peers: { before: WindowEntry; after: WindowEntry };

  constructor(reach: Reach, from: WindowEntry, inRange: (entry: WindowEntry) => boolean) {
    this.#reach = reach;
    this.#inRange = inRange;
    this.#peers = { before: from, after: from };
  }

  /** Takes the next entry away from the row; false when it is out of reach. */
  takes(entry: WindowEntry): boolean {
    const reach = this.#reach;
    if (reach.kind === "range") return this.#inRange(entry);
    if (reach.kind === "rows") {
      const within = this.#rows.before < reach.count || this.#rows.after < reach.count;
      this.#rows.before += entry.before;
      this.#rows.after += entry.after;
      return within;
    }
    let within = false;
    for (const side of ["before", "after"] as const) {
      if (entry[side] > 0 && !arePeers(this.#peers[side], entry)) {
        this.#peers[side] = entry;
        this.#groups[side]++;
      }
      within ||= this.#groups[side] <= reach.count;
    }
    return within;
  }
}

function walk(
  from: WindowEntry,
  entries: Iterable<WindowEntry>,
  reaches: readonly Reach[],
  inRange: (frame: CompiledFrame, entry: WindowEntry) => boolean,
): WindowEntry {
  if (reaches.length === 0) return from;
  let walks = reaches.map((reach) => {
    return new Walk(reach, from, (entry) => reach.kind === "range" && inRange(reach.frame, entry));
  });
  let last = from;
  for (const entry of entries) {
    walks = walks.filter((one) => one.takes(entry));
    if (walks.length === 0) break;
    last = entry;
  }
  return last;
}

/** What the calls of a window reach from a row, backward and forward. */
export interface Reaches {
  readonly back: readonly Reach[];
  readonly forward: readonly Reach[];
}

/** The first entry that a call at `from` looks at. */
export function firstLookedAt(entries: PartitionEntries, from: WindowEntry, { back }: Reaches): WindowEntry {
  return walk(
    from,
    entries.backward(from.key),
    back,
    (frame, entry) => !isBeforeStart(frame, entry.sortValue, from.sortValue),
  );
}

/** The last entry that a call at `from` looks at. */
export function lastLookedAt(entries: PartitionEntries, from: WindowEntry, { forward }: Reaches): WindowEntry {
  return walk(from, behind(entries, from), forward, (frame, entry) =>
    isBeforeEnd(frame, entry.sortValue, from.sortValue),
  );
}

/** The first entry from where a call looks at `at`. */
export function firstLooking(entries: PartitionEntries, at: WindowEntry, { forward }: Reaches): WindowEntry {
  return walk(at, entries.backward(at.key), forward, (frame, entry) =>
    isBeforeEnd(frame, at.sortValue, entry.sortValue),
  );
}

/** The last entry from where a call looks at `at`. */
export function lastLooking(entries: PartitionEntries, at: WindowEntry, { back }: Reaches): WindowEntry {
  return walk(at, behind(entries, at), back, (frame, entry) => !isBeforeStart(frame, at.sortValue, entry.sortValue));
}

function* behind(entries: PartitionEntries, from: WindowEntry): Generator<WindowEntry, void> {
  const iterator = entries.forward(from.key);
  for (const entry of iterator) if (!entry.key.equals(from.key)) yield entry;
}
