import type { Cache } from "../caches/cache.ts";
import type { CompiledCache } from "../front/compiled-caches.ts";
import { KeepingWorth } from "./keeping-worth.ts";
import { SecondSight } from "./second-sight.ts";

/** About what an answer takes beside its bytes and its keys: objects, and entries of maps. */
const OVERHEAD_BYTES = 320;
/** The largest answer that is kept, as a share of the budget. */
const LARGEST_SHARE = 64;
/** When there are answers to more kinds of questions than this, all are forgotten. */
const MAX_GROUPS = 10_000;

/** What an answer is made of when it begins to be kept. */
export interface NewAnswer {
  readonly cache: Cache;
  readonly compiled: CompiledCache;
  /** BindComplete, RowDescription, DataRows, CommandComplete and ReadyForQuery (idle), one character per byte. */
  readonly bytes: string;
  /** Where its DataRows begin. */
  readonly rowsAt: number;
  /** The keys of the view that were looked at, one character per byte. */
  readonly viewKeys: readonly string[];
}

/** An answer that holds as long as it is `live`. */
export interface KeptAnswer extends NewAnswer {
  bytes: string;
  live: boolean;
  /** In whose bytes it is counted. */
  generation: number;
}

type ViewIndex = Map<number, Map<string, KeptAnswer[]>>;

/** Answers to questions of one kind: the same statement and settings, or whole texts under the same settings. */
export interface AnswerGroup {
  generation: number;
  young: Map<string, KeptAnswer>;
  old: Map<string, KeptAnswer>;
}

/**
 * Assembled answers in memory, each with the keys of the view that it came from: `drop` ends those that a change touches. What is used moves
 * to the young generation; when that has half of the budget, the old one is forgotten.
 */
export class KeptAnswers {
  readonly #maxBytes: number;
  readonly #seen = new SecondSight();
  readonly #worth: KeepingWorth;
  readonly #groups = new Map<string, AnswerGroup>();
  #generation = 0;
  #youngViews: ViewIndex = new Map();
  #oldViews: ViewIndex = new Map();
  #youngBytes = 0;
  #oldBytes = 0;

  /** With a budget of 0 nothing is kept. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#worth = new KeepingWorth(maxBytes);
  }

  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  /** Whether changes need not be told. */
  get isIdle(): boolean {
    return this.bytes === 0;
  }

  /** The group of a name. It goes on to work when it is no longer the name's, but is not found again. */
  group(name: string): AnswerGroup {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    if (this.#groups.size >= MAX_GROUPS) {
      this.clear();
      this.#groups.clear();
    }
    const made: AnswerGroup = { generation: this.#generation, young: new Map(), old: new Map() };
    this.#groups.set(name, made);
    return made;
  }

  /** Whether to look at all, where an answer is nearly as cheap to make; counts as a question where not. */
  pays(): boolean {
    if (this.#worth.pays) return true;
    this.#worth.asked();
    return false;
  }

  find(group: AnswerGroup, key: string): KeptAnswer | null {
    this.#worth.asked();
    const found = this.#live(group, key);
    if (found !== null) this.#worth.hit();
    return found;
  }

  #live(group: AnswerGroup, key: string): KeptAnswer | null {
    if (group.generation !== this.#generation) this.#age(group);
    const young = group.young.get(key);
    if (young !== undefined) return young.live ? young : null;
    const old = group.old.get(key);
    if (old === undefined || !old.live) return null;
    group.old.delete(key);
    this.#oldBytes -= sizeOf(old, key);
    this.#enter(group, key, old);
    return old;
  }

  /** Whether an answer of about that size to this question should be made to be kept. */
  wants(key: string, bytes: number): boolean {
    return this.#worth.pays && bytes <= this.#maxBytes / LARGEST_SHARE && this.#seen.again(key);
  }

  add(group: AnswerGroup, key: string, answer: NewAnswer): void {
    if (group.generation !== this.#generation) this.#age(group);
    const ended = group.young.get(key);
    if (ended !== undefined) this.#youngBytes -= sizeOf(ended, key);
    this.#enter(group, key, { ...answer, live: true, generation: this.#generation });
    this.#worth.added(sizeOf(answer, key));
    if (this.#youngBytes > this.#maxBytes / 2) this.#turn();
  }

  /** Ends the answers that came from this key of a view; null: from any. */
  drop(cacheId: number, viewKey: string | null): void {
    for (const index of [this.#youngViews, this.#oldViews]) {
      const views = index.get(cacheId);
      if (views === undefined) continue;
      if (viewKey === null) {
        for (const answers of views.values()) this.#end(answers);
        index.delete(cacheId);
        continue;
      }
      const answers = views.get(viewKey);
      if (answers === undefined) continue;
      this.#end(answers);
      views.delete(viewKey);
    }
  }

  clear(): void {
    if (this.bytes === 0) return;
    for (const index of [this.#youngViews, this.#oldViews]) {
      for (const views of index.values()) for (const answers of views.values()) this.#end(answers);
    }
    this.#turn();
    this.#turn();
  }

  #enter(group: AnswerGroup, key: string, answer: KeptAnswer): void {
    answer.generation = this.#generation;
    group.young.set(key, answer);
    this.#youngBytes += sizeOf(answer, key);
    let views = this.#youngViews.get(answer.compiled.id);
    if (views === undefined) {
      views = new Map();
      this.#youngViews.set(answer.compiled.id, views);
    }
    for (const viewKey of answer.viewKeys) {
      const others = views.get(viewKey);
      if (others === undefined) views.set(viewKey, [answer]);
      else others.push(answer);
    }
  }

  /** What is left of them stays counted until it is replaced or forgotten. */
  #end(answers: readonly KeptAnswer[]): void {
    for (const answer of answers) {
      if (!answer.live) continue;
      answer.live = false;
      if (answer.generation === this.#generation) this.#youngBytes -= answer.bytes.length;
      else this.#oldBytes -= answer.bytes.length;
      answer.bytes = "";
    }
  }

  #turn(): void {
    this.#generation++;
    this.#oldViews = this.#youngViews;
    this.#youngViews = new Map();
    this.#oldBytes = this.#youngBytes;
    this.#youngBytes = 0;
  }

  /** Brings a group to the present generation. */
  #age(group: AnswerGroup): void {
    group.old = this.#generation - group.generation === 1 ? group.young : new Map();
    group.young = new Map();
    group.generation = this.#generation;
  }
}

function sizeOf({ bytes, viewKeys }: NewAnswer, key: string): number {
  let size = OVERHEAD_BYTES + bytes.length + key.length;
  for (const viewKey of viewKeys) size += viewKey.length;
  return size;
}
