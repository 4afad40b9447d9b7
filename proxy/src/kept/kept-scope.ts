import type { Lsn, TextSettings } from "@freshet/values";
import { BIND_COMPLETE, readyForQuery, selectComplete } from "@freshet/wire";
import type { Cache } from "../caches/cache.ts";
import type { Clock } from "../front/clock-port.ts";
import type { CompiledCache } from "../front/compiled-caches.ts";
import type { Answer, KeptHit, KeptQuestions, SessionFacts } from "../session/front-ports.ts";
import type { AnswerGroup, KeptAnswers } from "./kept-answers.ts";
import type { RecentState } from "./recent-state.ts";
import { Standing, type StandingParts } from "./standing.ts";

/** An answer that looked at more keys of its view is not kept. */
const MAX_VIEW_KEYS = 16;

export interface KeptParts extends StandingParts {
  readonly answers: KeptAnswers;
  readonly state: RecentState;
  readonly clock: Clock;
  readonly onAnswered: (milliseconds: number) => void;
}

/** What is to be kept of a view's answer. */
export interface Keepable {
  readonly cache: Cache;
  readonly answer: Pick<Answer, "rowCount" | "rowDescription" | "dataRows">;
  readonly compiled: CompiledCache;
  readonly settings: TextSettings;
  readonly formats: readonly number[];
  /** Keys of the view, with a tag. */
  readonly viewKeys: readonly Buffer[];
}

/** One session's way to the answers of one group, as long as its facts hold. */
export class KeptScope implements KeptQuestions {
  readonly #parts: KeptParts;
  readonly #facts: SessionFacts;
  readonly #group: AnswerGroup;
  readonly #zoneTable: TextSettings["zoneTable"];
  readonly #standing: Standing;

  /** The session's facts allow hits; its answers need not wait for what the upstream has now. */
  constructor(parts: KeptParts, facts: SessionFacts, group: AnswerGroup, settings: TextSettings) {
    this.#parts = parts;
    this.#facts = facts;
    this.#group = group;
    this.#zoneTable = settings.zoneTable;
    this.#standing = new Standing(parts, facts, settings, parts.clock());
  }

  get over(): boolean {
    return this.#standing.over;
  }

  pays(): boolean {
    return this.#parts.answers.pays();
  }

  find(key: string, writeLsn: Lsn): KeptHit | null {
    const { answers, state, clock, onAnswered } = this.#parts;
    const answer = answers.find(this.#group, key);
    if (answer === null) return null;
    const time = clock();
    if (!this.#standing.holds(answer.cache, answer.compiled, time)) return null;
    const lsn = state.lsn(answer.compiled, time);
    if (lsn === null || !answer.live) return null;
    if (this.#facts.consistency !== "eventual" && lsn < writeLsn) return null;
    answer.cache.hits++;
    onAnswered(clock() - time);
    return { cache: answer.cache.name, lsn, bytes: answer.bytes, rowsAt: answer.rowsAt };
  }

  /** Keeps an answer of the state that the follower is at, if it is worth it. */
  keep(key: string, { cache, compiled, answer, settings, formats, viewKeys }: Keepable): void {
    if (viewKeys.length > MAX_VIEW_KEYS || settings.zoneTable !== this.#zoneTable) return;
    const count = answer.rowCount;
    const rows = count === 0 ? NOTHING : answer.dataRows(formats, 0, count);
    if (!this.#parts.answers.wants(key, rows.length)) return;
    const columns = answer.rowDescription(formats);
    const parts = [BIND_COMPLETE, columns, rows, selectComplete(count), readyForQuery("I")];
    this.#parts.answers.add(this.#group, key, {
      cache,
      compiled,
      bytes: Buffer.concat(parts).toString("latin1"),
      rowsAt: BIND_COMPLETE.length + columns.length,
      viewKeys: viewKeys.map((viewKey) => viewKey.toString("latin1", 1)),
    });
  }
}

const NOTHING: Buffer = Buffer.alloc(0);
