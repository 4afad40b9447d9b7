import type { Lsn, TextSettings } from "@freshet/values";
import { BIND_COMPLETE, readyForQuery, selectComplete } from "@freshet/wire";
import type { CacheCatalog } from "../caches/cache-catalog.ts";
import type { Cache } from "../caches/cache.ts";
import type { Clock } from "../front/clock-port.ts";
import type { CompiledCache } from "../front/compiled-caches.ts";
import type { FrontHealth } from "../front/health-port.ts";
import type { Privileges, Verdict } from "../front/privileges.ts";
import type { ZoneTables } from "../front/zone-tables.ts";
import type { Answer, KeptHit, KeptQuestions, SessionFacts } from "../session/front-ports.ts";
import type { AnswerGroup, KeptAnswer, KeptAnswers } from "./kept-answers.ts";
import type { RecentState } from "./recent-state.ts";

/** So often it is asked whether the zone's offsets still hold; they do so for an hour. */
const ZONE_CHECK_MS = 1000;
/** An answer that looked at more keys of its view is not kept. */
const MAX_VIEW_KEYS = 16;

export interface KeptParts {
  readonly answers: KeptAnswers;
  readonly state: RecentState;
  readonly catalog: Pick<CacheCatalog, "byId">;
  readonly health: FrontHealth;
  readonly privileges: Privileges;
  readonly zones: Pick<ZoneTables, "complete">;
  readonly clock: Clock;
  readonly onAnswered: (milliseconds: number) => void;
}

/** What is to be kept of a view's answer. */
export interface Keepable {
  readonly cache: Cache;
  readonly answer: Answer;
  readonly compiled: CompiledCache;
  readonly settings: TextSettings;
  readonly formats: readonly number[];
  /** Keys of the view, with a tag. */
  readonly viewKeys: readonly Buffer[];
}

/**
 * One session's way to the answers of one group, as long as its facts hold: everything that decides whether a view may answer this session at this moment is
 * looked at again with each answer, but for what follows from the facts alone.
 */
export class KeptScope implements KeptQuestions {
  readonly #parts: KeptParts;
  readonly #facts: SessionFacts;
  readonly #group: AnswerGroup;
  readonly #zoneTable: TextSettings["zoneTable"];
  #verdict: Verdict | null = null;
  #verdictOf: CompiledCache | null = null;
  #zoneCheckedAt: number;
  #over = false;

  /** The session's facts allow hits; its answers need not wait for what the upstream has now. */
  constructor(parts: KeptParts, facts: SessionFacts, group: AnswerGroup, settings: TextSettings) {
    this.#parts = parts;
    this.#facts = facts;
    this.#group = group;
    this.#zoneTable = settings.zoneTable;
    this.#zoneCheckedAt = parts.clock();
  }

  get over(): boolean {
    return this.#over;
  }

  find(key: string, writeLsn: Lsn): KeptHit | null {
    const { answers, state, clock, onAnswered } = this.#parts;
    const answer = answers.find(this.#group, key);
    if (answer === null) return null;
    const time = clock();
    if (!this.#isServable(answer, time) || !this.#isPermitted(answer, time) || !this.#zoneHolds(time)) return null;
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

  #isServable({ cache, compiled }: KeptAnswer, time: number): boolean {
    if (cache.phase !== "ready" || cache.doubtful) return false;
    if (cache.id !== compiled.id || cache.planned !== compiled.planned) return false;
    const { catalog, health } = this.#parts;
    return catalog.byId(cache.id) === cache && !health.suspended && health.problem(time) === null;
  }

  #isPermitted({ compiled }: KeptAnswer, time: number): boolean {
    const { privileges } = this.#parts;
    if (this.#verdictOf === compiled && this.#verdict !== null && privileges.holds(this.#verdict, time)) return true;
    const verdict = privileges.known(this.#facts.role, compiled.id);
    if (verdict === null || verdict.privilege !== "granted") return false;
    this.#verdict = verdict;
    this.#verdictOf = compiled;
    return true;
  }

  #zoneHolds(time: number): boolean {
    if (this.#over) return false;
    if (time - this.#zoneCheckedAt < ZONE_CHECK_MS) return true;
    this.#zoneCheckedAt = time;
    this.#over = this.#parts.zones.complete(this.#facts.text).zoneTable !== this.#zoneTable;
    return !this.#over;
  }
}

const NOTHING: Buffer = Buffer.alloc(0);
