import type { InvalidationPlan, SelectShape } from "@freshet/sql";
import type { Lsn } from "@freshet/values";
import { encodeRowDescription } from "@freshet/wire";
import { expandFormats } from "../front/answer.ts";
import type { Cache } from "../caches/cache.ts";
import type { ReplicationHealth } from "../replication/health.ts";
import type { Answer, BoundParameters, DescribedStatement, MissReason, SessionFacts } from "../session/front-ports.ts";
import { answerKey } from "./answer-key.ts";
import type { AnswerRows } from "./answer-store.ts";
import type { Invalidations } from "./invalidations.ts";
import { RowGuard } from "./row-guard.ts";
import { nextCrossing } from "./next-crossing.ts";
import { settingsOf } from "./session-settings.ts";
import { describedParameters } from "./statement-fit.ts";
import { StoredRows } from "./stored-rows.ts";

export interface InvalidatingReadParts {
  readonly invalidations: Pick<Invalidations, "find" | "readAnswer">;
  readonly health: Pick<ReplicationHealth, "applied">;
  /** The largest answer that is kept, and all that is kept. */
  readonly maxResultBytes: number;
  readonly maxBytes: number;
}

/** One execution of a statement that a cache in mode `invalidate` answers. */
export interface Execution {
  readonly cache: Cache;
  /** Of the cache's present build. */
  readonly id: number;
  readonly plan: InvalidationPlan;
  readonly shape: SelectShape;
  readonly facts: SessionFacts;
  readonly parameters: BoundParameters | null;
  readonly formats: readonly number[];
}

export interface FoundAnswer {
  readonly kind: "found";
  readonly lsn: Lsn;
  readonly rows: AnswerRows;
}

export interface NotFound {
  readonly kind: "not-found";
  readonly reason: MissReason;
  readonly detail: string | null;
}

/** What serving needs of mode `invalidate`, in whichever process the answers are. */
export interface AnswersOfInvalidate {
  describe(plan: InvalidationPlan, shape: SelectShape, typeOids: readonly number[]): DescribedStatement | null;
  /** The answer at the applied LSN, which is at least `needed`. */
  read(execution: Execution, needed: Lsn): Answer | NotFound | Promise<Answer | NotFound>;
}

export function describeInvalidating(
  plan: InvalidationPlan,
  shape: SelectShape,
  typeOids: readonly number[],
): DescribedStatement | null {
  const parameterTypes = describedParameters(plan, shape, typeOids);
  if (parameterTypes === null) return null;
  return {
    parameterTypes,
    rowDescription: (formats) => {
      const expanded = expandFormats(formats, plan.result.length);
      return encodeRowDescription(plan.result.map((column, index) => ({ ...column, format: expanded[index] ?? 0 })));
    },
  };
}

/** Looks answers up, and has those read that are not there. */
export class InvalidatingRead implements AnswersOfInvalidate {
  readonly #parts: InvalidatingReadParts;

  constructor(parts: InvalidatingReadParts) {
    this.#parts = parts;
  }

  describe(plan: InvalidationPlan, shape: SelectShape, typeOids: readonly number[]): DescribedStatement | null {
    return describeInvalidating(plan, shape, typeOids);
  }

  read(execution: Execution, needed: Lsn): Answer | NotFound {
    const found = this.find(execution, needed);
    return found.kind === "not-found" ? found : storedRows(execution, found);
  }

  /** The same, as the messages that it is made of. */
  find(execution: Execution, needed: Lsn): FoundAnswer | NotFound {
    const { cache, id, plan, shape, facts, parameters, formats } = execution;
    const { text } = shape;
    const { invalidations, health, maxResultBytes, maxBytes } = this.#parts;
    const settings = settingsOf(facts);
    const key = answerKey(id, settings.fingerprint, text, parameters, formats);
    const found = invalidations.find(key);
    if (found === undefined) {
      const cacheBytes = cache.request.maxBytes ?? maxBytes;
      const request = {
        text,
        parameters: parameters === null ? null : kept(parameters),
        resultFormats: formats,
        settings: settings.statements,
        holds: nextCrossing(plan.thresholds),
        maxBytes: Math.min(maxResultBytes, cacheBytes),
      };
      const obstacle = invalidations.readAnswer({
        key,
        cacheId: id,
        plan,
        request,
        cacheBytes,
        guard: RowGuard.of(plan, shape, parameters, facts.text),
      });
      return { kind: "not-found", reason: "not_filled", detail: obstacle };
    }
    const { applied } = health;
    if (applied < needed) return { kind: "not-found", reason: "read_your_writes", detail: null };
    if (found.lsn > applied) return { kind: "not-found", reason: "not_filled", detail: "newer than the other caches" };
    const { outcome } = found;
    if (outcome.kind === "none") return { kind: "not-found", reason: outcome.reason, detail: outcome.detail };
    return { kind: "found", lsn: applied, rows: outcome };
  }
}

export function storedRows({ cache, plan }: Pick<Execution, "cache" | "plan">, { lsn, rows }: FoundAnswer): StoredRows {
  return new StoredRows(cache.name, lsn, rows, plan.expiry !== "never" || plan.thresholds.length > 0);
}

/** Values of its own: those that were sent lie in the connection's receive buffer. */
function kept({ values, formats, typeOids }: BoundParameters): BoundParameters {
  return { values: values.map((value) => (value === null ? null : Buffer.from(value))), formats, typeOids };
}
