import { kindById } from "../column-types.ts";
import type { ColumnKind } from "../column-types.ts";
import type { Draft, Operand } from "./draft.ts";
import type { ConditionForm, ExpressionForm } from "./forms.ts";

/** Functions that only PostgreSQL evaluates: of a language, VARIADIC, in each other, and one that fails on some values. */
export const upstreamFunctionStatements: readonly string[] = [
  `CREATE FUNCTION weigh(n numeric) RETURNS int4 LANGUAGE plpgsql IMMUTABLE AS
    'BEGIN RETURN CASE WHEN n IS NULL THEN -1 ELSE scale(n) + length(n::text) END; END'`,
  `CREATE FUNCTION weigh(t text) RETURNS int4 LANGUAGE plpgsql IMMUTABLE STRICT AS 'BEGIN RETURN length(t) - 2; END'`,
  `CREATE FUNCTION shout(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(t, 'nothing') || '!' $$`,
  `CREATE FUNCTION spell(n int8) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT CASE n WHEN 0 THEN 'zero' ELSE 'many' END $$`,
  `CREATE FUNCTION glue(VARIADIC texts text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT array_to_string(texts, '/', '-') $$`,
  `CREATE FUNCTION picky(n int8) RETURNS int8 LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN IF n = 3 THEN RAISE EXCEPTION 'not that one'; END IF; RETURN n + 1; END $$`,
];

type Call = readonly [sql: string, result: string];

function callsOn({ id, family }: ColumnKind): readonly Call[] {
  if (["sma", "num", "big"].includes(id)) {
    return [
      ["spell($)", "txt"],
      ["shout(spell($))", "txt"],
      ["weigh($::numeric)", "num"],
      ["weigh($::numeric) + 1", "num"],
    ];
  }
  if (["dec", "pri"].includes(id)) return [["weigh($)", "num"]];
  if (family === "text") {
    return [
      ["shout($::text)", "txt"],
      ["weigh($::text)", "num"],
      ["glue($::text, 'x', NULL, shout($::text))", "txt"],
      ["coalesce(shout(nullif($::text, 'a')), '')", "txt"],
      ["regexp_replace($::text, '(.)\\1', '<\\1>')", "txt"],
    ];
  }
  if (["rea", "flo"].includes(id))
    return [
      ["atan($::float8)", "flo"],
      ["cbrt($::float8)", "flo"],
    ];
  return [];
}

function write(draft: Draft, operand: Operand, [sql, result]: Call): Operand {
  draft.features.add("upstream function");
  return { sql: sql.replaceAll("$", () => operand.sql), kind: kindById(result) };
}

function callable(operands: readonly Operand[]): readonly Operand[] {
  return operands.filter(({ kind }) => callsOn(kind).length > 0);
}

function expression(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const fit = callable(operands);
  if (fit.length === 0) return random.pick(operands);
  const operand = random.pick(fit);
  return write(draft, operand, random.pick(callsOn(operand.kind)));
}

function condition(draft: Draft, operands: readonly Operand[]): string {
  const { sql, kind } = expression(draft, operands);
  const value = draft.literal(kind);
  return draft.random.pick([`${sql} = ${value}`, `${sql} IS NOT NULL`, `${sql} IN (${value}, ${draft.literal(kind)})`]);
}

/** A call that fails on some integers. */
export function failingCall(draft: Draft, operand: Operand): Operand {
  draft.features.add("failing upstream function");
  return { sql: `picky(${operand.sql})`, kind: kindById("big") };
}

export const upstreamFunctionForms: readonly ExpressionForm[] = [
  { feature: "upstream function", weight: 1.5, write: expression },
];

export const upstreamConditionForms: readonly ConditionForm[] = [
  { feature: "upstream function", weight: 0.8, write: condition },
];
