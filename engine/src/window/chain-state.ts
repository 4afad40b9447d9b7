import { packRow, unpackRow } from "@freshet/values";
import type { Fold, FoldKind } from "./fold.ts";
import type { CallArguments, WindowEntry } from "./partition-entries.ts";

/** What the calls of a window need to know of all rows before one. */
export interface ChainSpec {
  /** How many rows there are, and how many before the last one's peers. */
  readonly position: boolean;
  /** How many groups of peers there are. */
  readonly groups: boolean;
  /** Per call; null for calls that need nothing more. */
  readonly folds: readonly (FoldKind | null)[];
}

const COUNT_BYTES = 6;
const EMPTY: Buffer = Buffer.alloc(0);

/** The state of a partition's rows taken in from the first one up to some row. */
export class ChainState {
  readonly #spec: ChainSpec;
  readonly folds: readonly (Fold | null)[];
  position = 0;
  /** Rows before the peers of the last row. */
  groupStart = 0;
  groups = 0;
  /** What the last row shares with its peers: partition and sort key; empty before the first row. */
  #lastPeers: Buffer = EMPTY;

  constructor(spec: ChainSpec, folds?: readonly (Fold | null)[]) {
    this.#spec = spec;
    this.folds = folds ?? spec.folds.map((kind) => kind?.create() ?? null);
  }

  /** Whether the row would be a peer of the last one. */
  continues(entry: WindowEntry): boolean {
    const peers = this.#lastPeers;
    if (this.position === 0 || peers.length !== entry.prefixLength) return false;
    return peers.compare(entry.key, 0, entry.prefixLength) === 0;
  }

  advance(entry: WindowEntry, copies: number): void {
    if (copies === 0) return;
    const { position, groups, folds } = this.#spec;
    if ((position || groups) && !this.continues(entry)) {
      this.groupStart = this.position;
      this.groups++;
      this.#lastPeers = entry.key.subarray(0, entry.prefixLength);
    }
    this.position += copies;
    for (let call = 0; call < folds.length; call++) {
      this.folds[call]?.add(entry.args[call] as CallArguments, copies);
    }
  }

  serialize(): Buffer {
    const { position, groups } = this.#spec;
    const counts = Buffer.alloc(3 * COUNT_BYTES + 1);
    // Whether there is a row at all tells an empty last key from none.
    counts[0] = this.position > 0 ? 1 : 0;
    if (position) {
      counts.writeUIntBE(this.position, 1, COUNT_BYTES);
      counts.writeUIntBE(this.groupStart, 1 + COUNT_BYTES, COUNT_BYTES);
    }
    if (groups) counts.writeUIntBE(this.groups, 1 + 2 * COUNT_BYTES, COUNT_BYTES);
    const peers = position || groups ? this.#lastPeers : EMPTY;
    return packRow([counts, peers, ...this.folds.map((fold) => fold?.serialize() ?? null)]);
  }

  static restore(spec: ChainSpec, bytes: Buffer): ChainState {
    const [counts, peers, ...folds] = unpackRow(bytes);
    const state = new ChainState(
      spec,
      spec.folds.map((kind, index) => {
        if (kind === null) return null;
        const stored = folds[index];
        return stored === undefined || stored === null ? kind.create() : kind.restore(Buffer.from(stored));
      }),
    );
    if (counts === undefined || counts === null) return state;
    state.position = spec.position ? counts.readUIntBE(1, COUNT_BYTES) : (counts[0] as number);
    state.groupStart = counts.readUIntBE(1 + COUNT_BYTES, COUNT_BYTES);
    state.groups = counts.readUIntBE(1 + 2 * COUNT_BYTES, COUNT_BYTES);
    state.#lastPeers = Buffer.from(peers ?? EMPTY);
    return state;
  }

  clone(): ChainState {
    return ChainState.restore(this.#spec, this.serialize());
  }

  /** Whether everything that follows is the same from here on; cheap where the row counts differ. */
  equals(other: ChainState): boolean {
    if (this.#spec.position && this.position !== other.position) return false;
    if (this.#spec.groups && this.groups !== other.groups) return false;
    return this.serialize().equals(other.serialize());
  }
}
