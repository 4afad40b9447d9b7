import {
  HEADER_BYTES,
  BIND_COMPLETE,
  type BindNames,
  type SqlText,
  encodeDescribe,
  encodeExecute,
  encodeSync,
} from "@freshet/wire";
import type { IncomingPiece } from "./forwarding.ts";
import type { Keep, KeptHit, PointHit, PreparedRoute, SessionFacts } from "./front-ports.ts";
import type { KeptWay } from "./prepared-statement.ts";
import type { SessionState } from "./session-state.ts";

/** What drivers send behind the Bind of the unnamed portal. */
export const EXECUTE_SYNC: Buffer = Buffer.concat([encodeExecute("", 0), encodeSync()]);
export const DESCRIBE_EXECUTE_SYNC: Buffer = Buffer.concat([encodeDescribe("portal", ""), EXECUTE_SYNC]);

/** Longer questions are not looked up, nor are their answers kept. */
const MAX_KEY = 1024;

/** Whether an answer to what comes may be sent at once: everything before it is answered, and nothing is open. */
export function isClear(state: SessionState): boolean {
  const { segment, expected } = state;
  return state.status === "I" && !segment.forwarded && !segment.impure && !segment.failed && expected.length === 0;
}

/**
 * Answers a Bind of the unnamed portal, with the Execute and Sync behind it, by the bytes of a kept answer or by one look-up by key: "answered", and all of them
 * are dealt with. Else says where an answer may be kept; null: nowhere.
 */
export function answerBindAtOnce(
  state: SessionState,
  piece: IncomingPiece,
  { portal, statement }: BindNames,
): "answered" | Keep | null {
  if (portal !== "" || !isClear(state)) return null;
  const way = statementWay(state, statement);
  if (way === null) return null;
  const { buffer, start, end } = piece;
  // Names are as long as their bytes.
  const behind = start + HEADER_BYTES + 1 + statement.length + 1;
  const keep = keptQuestion(way, buffer, behind, end);
  const isDescribed = piece.isNext(DESCRIBE_EXECUTE_SYNC);
  if (!isDescribed && !piece.isNext(EXECUTE_SYNC)) return keep;
  const { writeLsn } = state.facts;
  const kept = keep === null ? null : keep.questions.find(keep.key, writeLsn);
  const hit = kept ?? way.points?.answer(buffer, behind, end, isDescribed, writeLsn, keep) ?? null;
  if (hit === null) return keep;
  state.replicaRead?.release();
  const { client } = state;
  if (typeof hit.bytes !== "string") client.written(hit.bytes);
  else if (isDescribed || kept === null) client.latin1(hit.bytes);
  else {
    client.message(BIND_COMPLETE);
    client.latin1(hit.bytes.slice(kept.rowsAt));
  }
  piece.skip(isDescribed ? DESCRIBE_EXECUTE_SYNC : EXECUTE_SYNC);
  noteHitAtOnce(state, hit);
  return "answered";
}

function keptQuestion({ questions, points }: KeptWay, buffer: Buffer, start: number, end: number): Keep | null {
  if (questions === null || end - start >= MAX_KEY || (points !== null && !questions.pays())) return null;
  return { questions, key: buffer.toString("latin1", start, end) };
}

/** The same for a simple Query. */
export function answerKeptQuery(state: SessionState, sql: SqlText): "answered" | Keep | null {
  // Other texts mean what some settings say.
  if (!isClear(state) || sql.encoding !== "ascii" || sql.text.length > MAX_KEY || sql.text.includes("\\")) return null;
  const facts = presentFacts(state);
  if (facts === null) return null;
  const way = present(state, state.keptTexts, facts) ?? newWay(state, null, facts, []);
  state.keptTexts = way;
  const { questions } = way;
  if (questions === null) return null;
  const hit = questions.find(sql.text, state.facts.writeLsn);
  if (hit === null) return { questions, key: sql.text };
  state.statements.delete("");
  state.replicaRead?.release();
  state.client.latin1(hit.bytes.slice(BIND_COMPLETE.length));
  noteHitAtOnce(state, hit);
  return "answered";
}

function noteHitAtOnce(state: SessionState, { cache, lsn }: KeptHit | PointHit): void {
  state.last = { destination: "cache", reason: "hit", cache, lsn, replica: null };
  state.services.metrics.hit(cache);
  state.endSegment();
}

function statementWay(state: SessionState, name: string): KeptWay | null {
  const statement = state.statements.get(name);
  if (statement === undefined || statement.command !== null || statement.sentIn != null) return null;
  const { route } = statement;
  const facts = presentFacts(state);
  if (facts === null || route?.info.shape == null) return null;
  const way = present(state, statement.kept, facts) ?? newWay(state, route, facts, statement.typeOids);
  statement.kept = way;
  return way;
}

function presentFacts(state: SessionState): SessionFacts | null {
  state.facts.expire(state.services.front.epoch);
  return state.facts.current;
}

function newWay(
  { services: { front } }: SessionState,
  route: PreparedRoute | null,
  facts: SessionFacts,
  typeOids: readonly number[],
): KeptWay {
  const questions = front.kept(route?.info.shape?.text ?? null, facts, typeOids);
  return { front, facts, questions, points: route === null ? null : front.points(route, facts, typeOids) };
}

function present(state: SessionState, way: KeptWay | null | undefined, facts: SessionFacts): KeptWay | null {
  if (way == null || way.facts !== facts || way.front !== state.services.front) return null;
  return way.questions?.over === true ? null : way;
}
