import type { ReadTransaction } from "@freshet/store";
import type { TextSettings } from "@freshet/values";
import { sessionObstacle } from "../front/session-obstacle.ts";
import type { Keep, KeptQuestions, SessionFacts } from "../session/front-ports.ts";
import { KeptAnswers } from "./kept-answers.ts";
import { KeptPieces } from "./kept-pieces.ts";
import { type Keepable, type KeptParts, KeptScope } from "./kept-scope.ts";
import { RecentState } from "./recent-state.ts";
import { type ChangedViews, ViewFollower } from "./view-follower.ts";

export interface KeptFrontParts extends Omit<KeptParts, "answers" | "state"> {
  /** Database the instance replicates from. */
  readonly database: () => string;
  readonly reader: ConstructorParameters<typeof RecentState>[0];
  /** Memory for the answers; 0: none are kept. */
  readonly maxBytes: number;
  /** The same for large ones. */
  readonly maxLargeBytes: number;
}

/** Memory that the answers take. */
export interface KeptBytes {
  readonly bytes: number;
  readonly largeBytes: number;
}

/** The assembled answers of one process, each used only at states of the store in which it holds. */
export class KeptFront {
  readonly #parts: KeptFrontParts;
  readonly #scopeParts: KeptParts;
  /** Large answers. */
  readonly large: KeptPieces;
  readonly #answers: KeptAnswers;
  readonly #follower: ViewFollower;
  readonly #zoneNumbers = new WeakMap<object, number>();
  #zones = 0;

  constructor(parts: KeptFrontParts) {
    this.#parts = parts;
    this.#answers = new KeptAnswers(parts.maxBytes);
    this.large = new KeptPieces(parts.maxLargeBytes);
    this.#follower = new ViewFollower(both(this.#answers, this.large));
    const state = new RecentState(parts.reader, this.#follower);
    this.#scopeParts = { ...parts, answers: this.#answers, state };
  }

  get usage(): KeptBytes {
    return { bytes: this.#answers.bytes, largeBytes: this.large.bytes };
  }

  /** See CacheFront. */
  questions(text: string | null, facts: SessionFacts, typeOids: readonly number[]): KeptQuestions | null {
    const { maxBytes, zones, database } = this.#parts;
    if (maxBytes === 0 || facts.consistency === "strong" || sessionObstacle(facts, database()) !== null) return null;
    const settings = zones.complete(facts.text);
    const { zoneTable, ...own } = settings;
    const name = JSON.stringify([text, typeOids, facts.schemas, own, this.#zoneNumber(zoneTable)]);
    return new KeptScope(this.#scopeParts, facts, this.#answers.group(name), settings);
  }

  /** The number of the state that is read; what is kept holds in it. `version` is the reader's. */
  follow(transaction: ReadTransaction, version: number): number {
    return this.#follower.follow(transaction, version);
  }

  /** Another store is read from now on. */
  forget(): void {
    this.#answers.clear();
    this.large.clear();
    this.#follower.restart();
  }

  /** Keeps an answer of the state that was followed to last, if it is worth it. */
  keep({ questions, key }: Keep, keepable: Keepable): void {
    if (questions instanceof KeptScope) questions.keep(key, keepable);
  }

  #zoneNumber(table: TextSettings["zoneTable"]): number {
    if (table === null) return 0;
    const known = this.#zoneNumbers.get(table);
    if (known !== undefined) return known;
    this.#zoneNumbers.set(table, ++this.#zones);
    return this.#zones;
  }
}

function both(one: ChangedViews, other: ChangedViews): ChangedViews {
  return {
    get isIdle() {
      return one.isIdle && other.isIdle;
    },
    drop(cacheId, viewKey) {
      one.drop(cacheId, viewKey);
      other.drop(cacheId, viewKey);
    },
    clear() {
      one.clear();
      other.clear();
    },
  };
}
