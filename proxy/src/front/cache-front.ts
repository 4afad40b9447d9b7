import { type Logger, errorMessage } from "@freshet/base";
import {
  type InvalidationPlan,
  type SelectShape,
  StatementTemplates,
  inspectStatement,
  parseCommand,
  slotsMatchFixed,
} from "@freshet/sql";
import type { ReadTransaction, StoreReader } from "@freshet/store";
import { LSN_ZERO, type Lsn } from "@freshet/values";
import type { Cache } from "../caches/cache.ts";
import { statementMisfit } from "../invalidate/statement-fit.ts";
import type { KeptFront } from "../kept/kept-front.ts";
import { SHARED_STATE_MS } from "../kept/recent-state.ts";
import type {
  Answer,
  BoundParameters,
  CacheFront,
  DescribedStatement,
  Keep,
  KeptQuestions,
  Miss,
  PointReads,
  PreparedRoute,
  SessionFacts,
} from "../session/front-ports.ts";
import type { Clock } from "./clock-port.ts";
import type { SchemaNews } from "./away-front.ts";
import { RenderedAnswer } from "./answer.ts";
import { declaredParameterTypes, executionMisfit } from "./bind-misfit.ts";
import type { Unavailable } from "./build-status.ts";
import type { CompiledCaches } from "./compiled-caches.ts";
import type { FrontHealth } from "./health-port.ts";
import type { KeyFills } from "./key-fills.ts";
import { LargeReads } from "./large-reads.ts";
import { LruMap } from "./lru-map.ts";
import { miss, missOf, notSelect } from "./misses.ts";
import { type PointParts, PointRead } from "./point-read.ts";
import { bindSlots, isUnbound } from "./parameters.ts";
import type { AnswersOfInvalidate, NotFound } from "../invalidate/invalidating-read.ts";
import type { Privilege, PrivilegeNeeds, Privileges } from "./privileges.ts";
import type { ProxiedQueries } from "./proxied-queries.ts";
import { type RoutableCaches, matchCache } from "./route-match.ts";
import { sessionObstacle } from "./session-obstacle.ts";
import { unavailability } from "./unavailable.ts";
import type { StreamNudge } from "../replication/stream-nudge.ts";
import type { UpstreamLsn } from "./upstream-lsn.ts";
import { type ViewExecution, ViewMisses } from "./view-execution.ts";
import type { ZoneTables } from "./zone-tables.ts";

/** Texts longer than this are inspected anew each time rather than remembered. */
const MAX_REMEMBERED_TEXT = 16_384;
/** Statement texts whose route is remembered. */
const MAX_REMEMBERED_ROUTES = 10_000;
/** Characters of all their texts. */
const MAX_REMEMBERED_CHARACTERS = 8 << 20;
/** Kinds of statement texts, apart from their literals, that are remembered. */
const MAX_TEMPLATES = 10_000;

export interface FrontLimits {
  readonly maxResultBytes: number;
  /** Answers with more bytes of stored rows are read in slices and sent in pieces. */
  readonly largeBytes: number;
  readonly readScanRows: number;
  readonly sessionReadTimeoutMs: number;
  readonly strongReadTimeoutMs: number;
}

export interface FrontParts {
  /** Database the instance replicates from. */
  readonly database: () => string;
  readonly catalog: RoutableCaches;
  readonly compiled: CompiledCaches;
  readonly fills: Pick<KeyFills, "want" | "use">;
  readonly invalidating: AnswersOfInvalidate;
  readonly kept: Pick<KeptFront, "follow" | "keep" | "questions" | "large">;
  readonly health: FrontHealth;
  readonly privileges: Privileges;
  readonly queries: ProxiedQueries;
  readonly upstreamLsn: Pick<UpstreamLsn, "current">;
  readonly nudge: Pick<StreamNudge, "want">;
  readonly zones: Pick<ZoneTables, "complete" | "want">;
  /** The views; null until the store is open. */
  readonly reader: () => StoreReader | null;
  readonly limits: FrontLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an answer's look-up and rendering took, in ms. */
  readonly onAnswered: (milliseconds: number) => void;
  /** A statement that may have changed the schema came back. */
  readonly onSchemaStatement: () => void;
  /** COMMIT, ROLLBACK and the like came back. */
  readonly onTransactionStatement: () => void;
}

/** A statement whose values fit its cache: what its reader must be allowed to, and how it is answered then. */
interface BoundRead {
  readonly kind: "bound";
  /** Engine id of the cache's build. */
  readonly id: number;
  readonly needs: PrivilegeNeeds;
  readonly read: (needed: Lsn) => Answer | Miss | Promise<Answer | Miss>;
}

interface Execution {
  /** Null in the simple protocol. */
  readonly parameters: BoundParameters | null;
  readonly formats: readonly number[];
  readonly keep: Keep | null;
}

/** By the state of the store that was read. */
interface Refused extends Unavailable {
  readonly kind: "refused";
}

/** The caching side of all sessions: which statement is answered from which view, and why not. */
export class ViewFront implements CacheFront {
  readonly #parts: FrontParts;
  readonly #routes: LruMap<string, PreparedRoute> = new LruMap(MAX_REMEMBERED_ROUTES, {
    weigh: (text) => text.length,
    max: MAX_REMEMBERED_CHARACTERS,
  });
  readonly #templates = new StatementTemplates(MAX_TEMPLATES);
  readonly #misses: ViewMisses;
  readonly #large: LargeReads;
  readonly #pointParts: PointParts;

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.#misses = new ViewMisses(parts);
    this.#large = new LargeReads(parts, this.#misses);
    this.#pointParts = { ...parts, maxBytes: Math.min(parts.limits.maxResultBytes, parts.limits.largeBytes) };
  }

  get epoch(): number {
    return this.#parts.health.epoch;
  }

  /** What is kept of statements' texts, however many there are. */
  get remembered(): { readonly routes: number; readonly templates: number; readonly characters: number } {
    const { size: templates, characters } = this.#templates;
    return { routes: this.#routes.size, templates, characters: this.#routes.weight + characters };
  }

  prepare(text: string): PreparedRoute {
    const known = this.#routes.get(text);
    if (known !== undefined) return known;
    // Texts that differ in their literals each time would push all others out.
    const derived = this.#templates.inspect(text);
    if (derived !== null) return { info: derived, command: null };
    const route: PreparedRoute = { info: inspectStatement(text), command: parseCommand(text) };
    if (text.length <= MAX_REMEMBERED_TEXT) this.#routes.set(text, route);
    return route;
  }

  candidate(route: PreparedRoute): Miss | null {
    const { info } = route;
    if (info.shape === null) return miss(notSelect(info.kind), null, null);
    let refused: { readonly cache: Cache; readonly unavailable: Unavailable } | null = null;
    for (const cache of this.#parts.catalog.byShape(info.shape.shapeKey)) {
      if (cache.statement === null || !slotsMatchFixed(info.shape, cache.statement.slots)) continue;
      const unavailable = this.#unavailable(cache);
      if (unavailable === null) return null;
      refused ??= { cache, unavailable };
    }
    if (refused === null) return miss("no_cache", null, null);
    return missOf(refused.cache, refused.unavailable.reason, refused.unavailable.detail);
  }

  describe(route: PreparedRoute, facts: SessionFacts, typeOids: readonly number[]): DescribedStatement | null {
    const { shape } = route.info;
    if (shape === null || this.#obstacle(facts) !== null) return null;
    const match = matchCache(this.#parts.catalog, shape, facts.schemas);
    if (match.kind !== "cache" || this.#unavailable(match.cache) !== null) return null;
    const { id, invalidation } = match.cache;
    if (invalidation !== null) {
      if (!this.#knownToBeGranted(facts.role, id, invalidation.plan)) return null;
      return this.#parts.invalidating.describe(invalidation.plan, shape, typeOids);
    }
    const compiled = this.#parts.compiled.get(match.cache);
    if (compiled === null) return null;
    // Names and types are the upstream's to tell, too, where the role may not use the schema.
    if (!this.#knownToBeGranted(facts.role, match.cache.id, compiled.planned.plan)) return null;
    const parameterTypes = declaredParameterTypes(compiled, shape, typeOids);
    if (parameterTypes === null) return null;
    return {
      parameterTypes,
      rowDescription: (formats) => compiled.forms.rowDescription(formats),
    };
  }

  execute(
    route: PreparedRoute,
    facts: SessionFacts,
    writeLsn: Lsn,
    parameters: BoundParameters | null,
    formats: readonly number[],
    keep: Keep | null = null,
  ): Answer | Miss | Promise<Answer | Miss> {
    const { shape } = route.info;
    if (shape === null) return miss(notSelect(route.info.kind), null, null);
    const match = matchCache(this.#parts.catalog, shape, facts.schemas);
    if (match.kind !== "cache") return miss(match.kind, null, null);
    const { cache } = match;
    const refused = this.#availability(cache) ?? this.#sessionMiss(cache, facts);
    if (refused !== null) return refused;
    const bound =
      cache.invalidation === null
        ? this.#bindView(cache, shape, facts, { parameters, formats, keep })
        : this.#bindAnswer(cache, cache.invalidation.plan, shape, facts, parameters, formats);
    if (bound.kind === "miss") return bound;
    const { id, needs, read } = bound;
    const privilege = this.#parts.privileges.check(facts.role, id, needs);
    if (typeof privilege === "string" && !this.#mustWait(facts, writeLsn)) {
      return this.#permitted(cache, facts, privilege) ?? read(facts.consistency === "eventual" ? LSN_ZERO : writeLsn);
    }
    return this.#executeLater(cache, facts, writeLsn, privilege, read);
  }

  #bindView(cache: Cache, shape: SelectShape, facts: SessionFacts, execution: Execution): BoundRead | Miss {
    const { parameters, formats, keep } = execution;
    const compiled = this.#parts.compiled.get(cache);
    if (compiled === null) return missOf(cache, "cache_building", null);
    const misfit = executionMisfit(compiled, shape, parameters, formats);
    if (misfit !== null) return missOf(cache, "parameter_value", misfit);
    const settings = this.#parts.zones.complete(facts.text);
    const bound = bindSlots({ planned: compiled.planned, bound: parameters, codecs: compiled.codecs, settings }, shape);
    if (isUnbound(bound)) {
      this.#misses.wantZone(settings.timeZone);
      return missOf(cache, bound.reason, bound.detail);
    }
    const view: ViewExecution = { cache, compiled, settings, values: bound, formats, keep };
    const read = (needed: Lsn): Answer | Miss | Promise<Answer | Miss> => this.#read(view, needed);
    return { kind: "bound", id: compiled.id, needs: compiled.planned.plan, read };
  }

  #bindAnswer(
    cache: Cache,
    plan: InvalidationPlan,
    shape: SelectShape,
    facts: SessionFacts,
    parameters: BoundParameters | null,
    formats: readonly number[],
  ): BoundRead | Miss {
    const { invalidating, clock, onAnswered } = this.#parts;
    const misfit = statementMisfit(plan, shape, parameters, formats);
    if (misfit !== null) return missOf(cache, misfit.reason, misfit.detail);
    const { id } = cache;
    const started = clock();
    const take = (found: Answer | NotFound): Answer | Miss => {
      if (found.kind !== "hit") return missOf(cache, found.reason, found.detail);
      cache.hits++;
      onAnswered(clock() - started);
      return found;
    };
    const read = (needed: Lsn): Answer | Miss | Promise<Answer | Miss> => {
      const found = invalidating.read({ cache, id, plan, shape, facts, parameters, formats }, needed);
      return found instanceof Promise ? found.then(take) : take(found);
    };
    return { kind: "bound", id, needs: plan, read };
  }

  forwarded(route: PreparedRoute, _miss: Miss, elapsedMs: number, succeeded: boolean): void {
    this.#parts.queries.record(route.info, elapsedMs, succeeded);
    if (route.info.changesSchema && succeeded) this.schemaNews("schema");
    else if (route.info.kind === "transaction") this.schemaNews("transaction");
  }

  /** What a session here, or in another process, may have changed. */
  schemaNews(news: SchemaNews): void {
    if (news === "transaction") {
      this.#parts.onTransactionStatement();
      return;
    }
    this.#parts.privileges.forget();
    this.#parts.onSchemaStatement();
  }

  /** Asks the upstream where it is not known, for the next time. */
  #knownToBeGranted(role: string, cacheId: number, needs: PrivilegeNeeds): boolean {
    const privilege = this.#parts.privileges.check(role, cacheId, needs);
    if (typeof privilege === "string") return privilege === "granted";
    // Whoever executes the statement asks again, and tells the failure.
    privilege.catch(() => undefined);
    return false;
  }

  /** Whether the views are behind what this session has to see. */
  #mustWait(facts: SessionFacts, writeLsn: Lsn): boolean {
    if (facts.consistency === "strong") return true;
    return facts.consistency === "session" && writeLsn > this.#parts.health.applied;
  }

  async #executeLater(
    cache: Cache,
    facts: SessionFacts,
    writeLsn: Lsn,
    privilege: Privilege | Promise<Privilege>,
    read: BoundRead["read"],
  ): Promise<Answer | Miss> {
    let needed: Lsn | Miss;
    try {
      const refused = this.#permitted(cache, facts, await privilege);
      if (refused !== null) return refused;
      needed = await this.#catchUp(cache, facts, writeLsn);
    } catch (thrown) {
      return missOf(cache, "replication_down", errorMessage(thrown));
    }
    if (typeof needed !== "bigint") return needed;
    return this.#availability(cache) ?? read(needed);
  }

  /** Waits, within bounds, for what this session has to see; returns it, or a Miss when it does not come. */
  async #catchUp(cache: Cache, facts: SessionFacts, writeLsn: Lsn): Promise<Lsn | Miss> {
    const { health, upstreamLsn, nudge, limits } = this.#parts;
    if (facts.consistency === "eventual") return LSN_ZERO;
    if (facts.consistency === "strong") {
      const current = await upstreamLsn.current();
      nudge.want(current);
      if (await health.waitFor(current, limits.strongReadTimeoutMs)) return current;
      return missOf(cache, "upstream_ahead", `not caught up within ${limits.strongReadTimeoutMs} ms`);
    }
    nudge.want(writeLsn);
    if (await health.waitFor(writeLsn, limits.sessionReadTimeoutMs)) return writeLsn;
    return missOf(cache, "read_your_writes", null);
  }

  #permitted(cache: Cache, facts: SessionFacts, privilege: Privilege): Miss | null {
    return privilege === "granted" ? null : missOf(cache, privilege, `role "${facts.role}"`);
  }

  /** Everything that one store snapshot decides: view state, applied LSN, rows. */
  #read(execution: ViewExecution, needed: Lsn): Answer | Miss | Promise<Answer | Miss> {
    const { cache, compiled } = execution;
    const { kept } = this.#parts;
    const reader = this.#parts.reader();
    if (reader === null) return missOf(cache, "cache_building", null);
    const started = this.#parts.clock();
    const body = (transaction: ReadTransaction, version: number): Answer | Miss | Refused | "large" => {
      const lsn = compiled.status.at(transaction, kept.follow(transaction, version));
      if (typeof lsn !== "bigint") return { kind: "refused", ...lsn };
      if (lsn < needed) return { kind: "refused", reason: "read_your_writes", detail: null };
      return this.#large.kept(execution, lsn) ?? this.#render(transaction, execution, lsn);
    };
    const recent = reader.readRecent(SHARED_STATE_MS, body);
    // What a state of a moment ago refuses the newest may answer.
    const answer = recent !== "large" && recent.kind === "refused" ? reader.readRecent(0, body) : recent;
    if (answer === "large") return this.#large.read(reader, execution, needed);
    if (answer.kind === "refused") return missOf(cache, answer.reason, answer.detail);
    if (answer.kind === "miss") return answer;
    cache.hits++;
    this.#parts.onAnswered(this.#parts.clock() - started);
    return answer;
  }

  #render(transaction: ReadTransaction, execution: ViewExecution, lsn: Lsn): Answer | Miss | "large" {
    const { cache, compiled, settings, values, formats, keep } = execution;
    const { maxResultBytes, largeBytes, readScanRows } = this.#parts.limits;
    const view = compiled.read.read(transaction, values, Math.min(maxResultBytes, largeBytes), readScanRows);
    if (view.kind === "refused" && view.reason === "result_too_large" && maxResultBytes > largeBytes) return "large";
    if (view.kind !== "rows") return this.#misses.unread(execution, view);
    if (view.headers !== undefined) this.#parts.fills.use(compiled.id, view.headers);
    const rows = compiled.forms.renderer(formats, settings).renderAll(view.rows);
    if (rows === undefined) return this.#misses.inexact(execution);
    const answer = new RenderedAnswer(cache.name, lsn, compiled.forms, rows);
    // Of a partial view the engine has to hear which keys are in use.
    if (keep !== null && view.headers === undefined)
      this.#parts.kept.keep(keep, { cache, compiled, answer, settings, formats, viewKeys: view.keys });
    return answer;
  }

  kept(text: string | null, facts: SessionFacts, typeOids: readonly number[]): KeptQuestions | null {
    return this.#parts.kept.questions(text, facts, typeOids);
  }

  points(route: PreparedRoute, facts: SessionFacts, typeOids: readonly number[]): PointReads | null {
    const { shape } = route.info;
    if (shape === null || facts.consistency === "strong" || this.#obstacle(facts) !== null) return null;
    return new PointRead(this.#pointParts, route, facts, typeOids);
  }

  #availability(cache: Cache): Miss | null {
    const unavailable = this.#unavailable(cache);
    return unavailable === null ? null : missOf(cache, unavailable.reason, unavailable.detail);
  }

  #unavailable(cache: Cache): Unavailable | null {
    return unavailability(cache, this.#parts.health);
  }

  #sessionMiss(cache: Cache, facts: SessionFacts): Miss | null {
    const obstacle = this.#obstacle(facts);
    return obstacle === null ? null : missOf(cache, obstacle.reason, obstacle.detail);
  }

  #obstacle(facts: SessionFacts): Unavailable | null {
    return sessionObstacle(facts, this.#parts.database());
  }
}
