import { errorMessage } from "@freshet/base";
import type { SqlText } from "@freshet/wire";
import { expectation } from "./expected-responses.ts";
import type { Answer, BoundParameters, Keep, Miss, PreparedRoute, SessionFacts } from "./front-ports.ts";
import { PROBE_MESSAGES, ProbeReader } from "./probe.ts";
import { type SessionState, missed } from "./session-state.ts";

/** May this statement be answered by a cache now? `probe`: the session's facts must be read first. */
export type Gate =
  | { readonly kind: "ready"; readonly route: PreparedRoute; readonly facts: SessionFacts }
  | { readonly kind: "probe" }
  | Miss;

/**
 * The route of a text, or null where Freshet would not read it as the server does: bytes that are not
 * surely UTF-8 there, or backslashes in strings that may be escapes.
 */
export function inspect(state: SessionState, sql: SqlText): PreparedRoute | null {
  const settled = !state.segment.impure && !state.expected.awaitsImpure;
  if (sql.encoding === "other") return null;
  if (sql.encoding === "utf8" && !(settled && state.parameters.get("client_encoding") === "UTF8")) return null;
  if (sql.text.includes("\\") && !(settled && state.parameters.get("standard_conforming_strings") === "on"))
    return null;
  try {
    return state.services.front.prepare(sql.text);
  } catch (thrown) {
    state.services.logger.error({ error: thrown }, "a statement could not be routed; it goes upstream");
    return null;
  }
}

export function gate(state: SessionState, route: PreparedRoute | null): Gate {
  const miss = route === null ? missed("not_parsed") : staticMiss(state, route);
  if (miss !== null || route === null) return miss ?? missed("not_parsed");
  if (state.status !== "I") return missed("in_transaction");
  if (state.segment.impure || state.expected.awaitsImpure) return missed("pipeline_has_writes");
  state.facts.expire(state.services.front.epoch);
  const facts = state.facts.current;
  if (facts !== null) return { kind: "ready", route, facts };
  return canProbe(state) && !state.facts.unavailable ? { kind: "probe" } : missed("session_state_unknown");
}

/** What the text alone says. */
export function staticMiss(state: SessionState, route: PreparedRoute): Miss | null {
  switch (route.info.kind) {
    case "select":
      return guarded(state, () => state.services.front.candidate(route));
    case "multiple":
      return missed("multiple_statements");
    case "invalid":
      return missed("not_parsed");
    case "empty":
    case "freshet":
    case "transaction":
    case "set":
    case "write":
    case "utility":
      return missed("not_select");
  }
}

/** A probe ends with Sync, so nothing of the client's may be under way. */
export function canProbe(state: SessionState): boolean {
  // A standby cannot say where the primary is.
  if (state.replicaRead !== null || state.replicaBlock !== null) return false;
  return state.expected.idle && !state.segment.forwarded && !state.copying;
}

/** Reads the session's facts on its own upstream connection; unseen by the client. */
export function probe(state: SessionState): Promise<void> {
  const attaching = state.attach();
  return attaching === null ? askFacts(state) : attaching.then(() => askFacts(state));
}

function askFacts(state: SessionState): Promise<void> {
  const reader = new ProbeReader();
  const { generation } = state.facts;
  const { epoch } = state.services.front;
  return new Promise((resolve) => {
    state.upstream.message(PROBE_MESSAGES);
    state.expected.forwarded(
      expectation("query", {
        swallow: true,
        swallowError: true,
        observe: (type, bytes, whole) => reader.observe(type, bytes, whole),
        done: (succeeded) => {
          state.facts.probed(succeeded ? reader.facts : null, generation, epoch);
          resolve();
        },
      }),
    );
    state.upstream.flush();
  });
}

/** Asks the caching side; a defect there is a miss, never an error of the client's statement. */
export function decide(
  state: SessionState,
  ready: Extract<Gate, { kind: "ready" }>,
  parameters: BoundParameters | null,
  formats: readonly number[],
  keep: Keep | null,
): Answer | Miss | Promise<Answer | Miss> {
  try {
    const { front } = state.services;
    const decision = front.execute(ready.route, ready.facts, state.facts.writeLsn, parameters, formats, keep);
    return decision instanceof Promise ? decision.catch((thrown: unknown) => defect(state, thrown)) : decision;
  } catch (thrown) {
    return defect(state, thrown);
  }
}

/** Notes a hit for EXPLAIN LAST STATEMENT and the metrics. */
export function noteHit(state: SessionState, answer: Answer): void {
  state.last = { destination: "cache", reason: "hit", cache: answer.cache, lsn: answer.lsn, replica: null };
  state.services.metrics.hit(answer.cache);
}

function guarded(state: SessionState, ask: () => Miss | null): Miss | null {
  try {
    return ask();
  } catch (thrown) {
    return defect(state, thrown);
  }
}

function defect(state: SessionState, thrown: unknown): Miss {
  state.services.logger.error({ error: thrown }, "a cache could not be asked; the statement goes upstream");
  return missed("cache_invalid", errorMessage(thrown));
}

/**
 * Whether the answer is that of another moment than PostgreSQL's would be: its implicit transaction has begun upstream, and with it the time that
 * its statements see, or it would begin only when what was sent before is done.
 */
export function isLate(state: SessionState, answer: Answer): boolean {
  return answer.timed === true && (state.segment.forwarded || !state.expected.idle);
}
