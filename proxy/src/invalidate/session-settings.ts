import { quoteIdentifier, quoteLiteral } from "@freshet/base";
import type { SessionFacts } from "../session/front-ports.ts";

/** Settings of a session that its answers may depend on. */
export interface SessionSettings {
  /** Equal for sessions whose answers are equal. */
  readonly fingerprint: string;
  /** Statements that set them for one transaction. */
  readonly statements: string;
}

const known = new WeakMap<SessionFacts, SessionSettings>();

export function settingsOf(facts: SessionFacts): SessionSettings {
  const before = known.get(facts);
  if (before !== undefined) return before;
  const { text, formatSettings, schemas } = facts;
  const values: readonly (readonly [name: string, value: string])[] = [
    ["TimeZone", text.timeZone],
    ["DateStyle", text.dateStyle],
    ["IntervalStyle", text.intervalStyle],
    ["extra_float_digits", String(text.extraFloatDigits)],
    ["bytea_output", text.byteaOutput],
    ["client_encoding", facts.clientEncoding],
    ...formatSettings,
  ];
  const path = [...schemas.filter((schema) => schema !== "pg_temp").map(quoteIdentifier), "pg_temp"].join(", ");
  const settings: SessionSettings = {
    fingerprint: JSON.stringify([schemas, values]),
    statements: [
      ...values.map(([name, value]) => `SET LOCAL ${name} TO ${quoteLiteral(value)};`),
      `SET LOCAL search_path TO ${path};`,
    ].join(" "),
  };
  known.set(facts, settings);
  return settings;
}
