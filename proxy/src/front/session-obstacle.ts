import type { MissReason, SessionFacts } from "../session/front-ports.ts";

/** Encodings in which cached bytes are the bytes PostgreSQL would send. */
const EXACT_ENCODINGS: ReadonlySet<string> = new Set(["UTF8", "SQL_ASCII"]);

/** What in a session's state could change an answer; null when nothing does. */
export function sessionObstacle(
  facts: SessionFacts,
  database: string,
): { readonly reason: MissReason; readonly detail: string | null } | null {
  if (facts.database !== database) return { reason: "other_database", detail: facts.database };
  if (facts.hasTemporaryObjects) return { reason: "temporary_objects", detail: null };
  if (!EXACT_ENCODINGS.has(facts.clientEncoding)) return { reason: "client_encoding", detail: facts.clientEncoding };
  if (facts.deviatingSettings.length > 0) return { reason: "setting", detail: facts.deviatingSettings.join(", ") };
  return null;
}
