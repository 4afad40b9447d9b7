import { assert } from "@freshet/base";
import type { TableTouch } from "@freshet/contract";
import type { Lsn } from "@freshet/values";
import type { MissReason } from "../session/front-ports.ts";
import type { RowGuard } from "./row-guard.ts";
import { TableAnswers } from "./table-answers.ts";
import type { UpstreamSnapshot } from "./upstream-snapshot.ts";

/** Whole messages, as the upstream sent them. */
export interface AnswerRows {
  readonly kind: "rows";
  readonly rowDescription: Buffer;
  /** DataRow messages one behind the other, and where each ends. */
  readonly data: Buffer;
  readonly ends: Uint32Array;
}

/** There is no answer to keep: the statement fails, or its answer is too large. */
export interface NoAnswer {
  readonly kind: "none";
  readonly reason: MissReason;
  readonly detail: string;
}

export interface StoredAnswer {
  readonly key: string;
  readonly cacheId: number;
  readonly outcome: AnswerRows | NoAnswer;
  readonly tables: readonly number[];
  /** Which changes of the tables can change the answer. */
  readonly guard: RowGuard;
  readonly snapshot: UpstreamSnapshot;
  /** Every commit that the snapshot sees ends at or before it. */
  readonly lsn: Lsn;
  /** Monotonic ms from which on it no longer holds; Infinity: never by itself. */
  readonly expiresAt: number;
}

/** What an entry takes besides its messages. */
const ENTRY_BYTES = 512;

interface CacheAnswers {
  readonly byKey: Map<string, StoredAnswer>;
  bytes: number;
  rows: number;
}

function bytesOf({ key, outcome }: StoredAnswer): number {
  const answer =
    outcome.kind === "rows" ? outcome.data.length + outcome.rowDescription.length + outcome.ends.length * 4 : 0;
  return ENTRY_BYTES + 2 * key.length + answer;
}

function rowsOf({ outcome }: StoredAnswer): number {
  return outcome.kind === "rows" ? outcome.ends.length : 0;
}

/** The answers of all caches in mode `invalidate`, in memory; beyond the budget the least recently used go. */
export class AnswerStore {
  readonly #maxBytes: number;
  readonly #byKey = new Map<string, StoredAnswer>();
  readonly #byCache = new Map<number, CacheAnswers>();
  readonly #byTable = new Map<number, TableAnswers<StoredAnswer>>();
  #bytes = 0;
  #dropped = 0;
  #evicted = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Answers that a change has made wrong, so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Answers that had to make room, so far. */
  get evicted(): number {
    return this.#evicted;
  }

  /** What is kept for a cache. */
  usage(cacheId: number): { readonly rows: number; readonly bytes: number } {
    const { rows, bytes } = this.#byCache.get(cacheId) ?? { rows: 0, bytes: 0 };
    return { rows, bytes };
  }

  get(key: string): StoredAnswer | undefined {
    const answer = this.#byKey.get(key);
    if (answer === undefined) return undefined;
    this.#byKey.delete(key);
    this.#byKey.set(key, answer);
    const own = this.#byCache.get(answer.cacheId);
    own?.byKey.delete(key);
    own?.byKey.set(key, answer);
    return answer;
  }

  /** Keeps the answer unless it is larger than what may be kept of its cache. */
  put(answer: StoredAnswer, cacheBytes: number): void {
    const known = this.#byKey.get(answer.key);
    if (known !== undefined) this.#remove(known);
    const bytes = bytesOf(answer);
    if (bytes > this.#maxBytes || bytes > cacheBytes) return;
    let own = this.#byCache.get(answer.cacheId);
    if (own === undefined) {
      own = { byKey: new Map(), bytes: 0, rows: 0 };
      this.#byCache.set(answer.cacheId, own);
    }
    own.byKey.set(answer.key, answer);
    own.bytes += bytes;
    own.rows += rowsOf(answer);
    this.#byKey.set(answer.key, answer);
    this.#bytes += bytes;
    for (const table of answer.tables) this.#ofTable(table).add(answer, answer.guard.pin(table));
    this.#evict(own.byKey, () => own.bytes > cacheBytes);
    this.#evict(this.#byKey, () => this.#bytes > this.#maxBytes);
  }

  /**
   * A transaction touched a table: drops what it makes wrong. Linear in the answers that read the table, but for those
   * that read rows with one value of a column only.
   */
  touched(xid: bigint, touch: TableTouch): void {
    for (const answer of this.#byTable.get(touch.tableOid)?.candidates(touch) ?? []) {
      if (answer.snapshot.sees(xid) || !answer.guard.matters(touch)) continue;
      this.#remove(answer);
      this.#dropped++;
    }
  }

  delete(answer: StoredAnswer): void {
    if (this.#byKey.get(answer.key) === answer) this.#remove(answer);
  }

  dropCache(cacheId: number): void {
    for (const answer of this.#byCache.get(cacheId)?.byKey.values() ?? []) this.#remove(answer);
  }

  clear(): void {
    this.#dropped += this.#byKey.size;
    this.#byKey.clear();
    this.#byCache.clear();
    this.#byTable.clear();
    this.#bytes = 0;
  }

  #evict(order: ReadonlyMap<string, StoredAnswer>, tooMuch: () => boolean): void {
    for (const answer of order.values()) {
      if (!tooMuch()) return;
      this.#remove(answer);
      this.#evicted++;
    }
  }

  #ofTable(tableOid: number): TableAnswers<StoredAnswer> {
    let answers = this.#byTable.get(tableOid);
    if (answers === undefined) {
      answers = new TableAnswers();
      this.#byTable.set(tableOid, answers);
    }
    return answers;
  }

  #remove(answer: StoredAnswer): void {
    const bytes = bytesOf(answer);
    this.#byKey.delete(answer.key);
    this.#bytes -= bytes;
    for (const table of answer.tables) {
      const answers = this.#byTable.get(table);
      answers?.delete(answer, answer.guard.pin(table));
      if (answers?.empty === true) this.#byTable.delete(table);
    }
    const own = this.#byCache.get(answer.cacheId);
    assert(own !== undefined && this.#bytes >= 0, "an answer that goes was counted when it came");
    own.byKey.delete(answer.key);
    own.bytes -= bytes;
    own.rows -= rowsOf(answer);
    if (own.byKey.size === 0) this.#byCache.delete(answer.cacheId);
  }
}
