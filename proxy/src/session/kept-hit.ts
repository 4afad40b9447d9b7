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
import type { Keep, KeptHit, KeptQuestions, SessionFacts } from "./front-ports.ts";
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
 * Answers a Bind of the unnamed portal, with the Execute and Sync behind it, by the bytes of a kept answer: "answered", and all of them are dealt with.
 * Else says where an answer may be kept; null: nowhere.
 */
export function answerKeptBind(
  state: SessionState,
  piece: IncomingPiece,
  { portal, statement }: BindNames,
): "answered" | Keep | null {
  if (portal !== "" || !isClear(state)) return null;
  const { buffer, start, end } = piece;
  // Names are as long as their bytes.
  const behind = start + HEADER_BYTES + 1 + statement.length + 1;
  if (end - behind >= MAX_KEY) return null;
  const questions = statementQuestions(state, statement);
  if (questions === null) return null;
  const key = buffer.toString("latin1", behind, end);
  const isDescribed = piece.isNext(DESCRIBE_EXECUTE_SYNC);
  if (!isDescribed && !piece.isNext(EXECUTE_SYNC)) return { questions, key };
  const hit = questions.find(key, state.facts.writeLsn);
  if (hit === null) return { questions, key };
  state.replicaRead?.release();
  if (isDescribed) state.client.latin1(hit.bytes);
  else {
    state.client.message(BIND_COMPLETE);
    state.client.latin1(hit.bytes.slice(hit.rowsAt));
  }
  piece.skip(isDescribed ? DESCRIBE_EXECUTE_SYNC : EXECUTE_SYNC);
  noteKeptHit(state, hit);
  return "answered";
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
  noteKeptHit(state, hit);
  return "answered";
}

function noteKeptHit(state: SessionState, { cache, lsn }: KeptHit): void {
  state.last = { destination: "cache", reason: "hit", cache, lsn, replica: null };
  state.services.metrics.hit(cache);
  state.endSegment();
}

function statementQuestions(state: SessionState, name: string): KeptQuestions | null {
  const statement = state.statements.get(name);
  if (statement === undefined || statement.command !== null || statement.sentIn != null) return null;
  const text = statement.route?.info.shape?.text;
  const facts = presentFacts(state);
  if (facts === null || text === undefined) return null;
  const way = present(state, statement.kept, facts) ?? newWay(state, text, facts, statement.typeOids);
  statement.kept = way;
  return way.questions;
}

function presentFacts(state: SessionState): SessionFacts | null {
  state.facts.expire(state.services.front.epoch);
  return state.facts.current;
}

function newWay(
  { services: { front } }: SessionState,
  text: string | null,
  facts: SessionFacts,
  typeOids: readonly number[],
): KeptWay {
  return { front, facts, questions: front.kept(text, facts, typeOids) };
}

function present(state: SessionState, way: KeptWay | null | undefined, facts: SessionFacts): KeptWay | null {
  if (way == null || way.facts !== facts || way.front !== state.services.front) return null;
  return way.questions?.over === true ? null : way;
}
