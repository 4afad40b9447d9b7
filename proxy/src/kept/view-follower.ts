import {
  CHANGES_HEAD_KEY,
  decodeChangesHead,
  META_ARRANGEMENT,
  readViewChanges,
  VIEW_CHANGES_ARRANGEMENT,
  viewChangesKey,
} from "@freshet/contract";
import type { ReadTransaction } from "@freshet/store";

/** More changes than this are not read: what is kept is forgotten. */
const MAX_LIST_BYTES = 262_144;
const MAX_STATES = 2048;

/** What is told of changes. */
export interface ChangedViews {
  /** Whether there is nothing that a change could touch. */
  readonly isIdle: boolean;
  /** A key of a view has changed; null: any may have. */
  drop(cacheId: number, viewKey: string | null): void;
  /** Anything may have changed. */
  clear(): void;
}

/**
 * Brings the kept answers from the state of the store that was read last to the one that is read now, by what the engine has logged of its
 * changes (contract/view-changes.ts): behind `follow`, all that is live holds in that state.
 */
export class ViewFollower {
  readonly #answers: ChangedViews;
  #version = -1;
  #number = Number.NaN;

  constructor(answers: ChangedViews) {
    this.#answers = answers;
  }

  /** The state's number; equal for equal states. `version` is the store reader's. */
  follow(transaction: ReadTransaction, version: number): number {
    if (version === this.#version) return this.#number;
    const number = this.#advance(transaction, version);
    this.#version = version;
    this.#number = number;
    return number;
  }

  /** The next state is of a store of which nothing is known. */
  restart(): void {
    this.#version = -1;
    this.#number = Number.NaN;
  }

  #advance(transaction: ReadTransaction, version: number): number {
    const stored = transaction.get(META_ARRANGEMENT, CHANGES_HEAD_KEY);
    if (stored === undefined) {
      // Nobody tells of changes: each state stands for itself.
      this.#answers.clear();
      return -1 - version;
    }
    const before = this.#number;
    const { number, first } = decodeChangesHead(stored);
    if (number === before || this.#answers.isIdle) return number;
    const isLogged = before >= 0 && before < number && before + 1 >= first && number - before <= MAX_STATES;
    if (!isLogged || !this.#dropChanged(transaction, before, number)) this.#answers.clear();
    return number;
  }

  /** False when there is too much to read. */
  #dropChanged(transaction: ReadTransaction, before: number, number: number): boolean {
    let bytes = 0;
    const range = { start: viewChangesKey(before + 1), end: viewChangesKey(number + 1) };
    for (const { value } of transaction.scan(VIEW_CHANGES_ARRANGEMENT, range)) {
      bytes += value.length;
      if (bytes > MAX_LIST_BYTES) return false;
      readViewChanges(value, (cacheId, key) =>
        this.#answers.drop(cacheId, key === null ? null : key.toString("latin1")),
      );
    }
    return true;
  }
}
