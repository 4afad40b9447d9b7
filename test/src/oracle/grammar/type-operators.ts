import { kindById } from "../column-types.ts";
import type { Draft, Operand } from "./draft.ts";
import type { ConditionForm, ExpressionForm } from "./forms.ts";

/** What can be made of a value of one kind: SQL in which `$` stands for it, and the kind of the result. */
type Template = readonly [sql: string, kind: string];

const EXPRESSIONS: Readonly<Record<string, readonly Template[]>> = {
  // What infinite intervals give has changed with version 17: arithmetic keeps to small ones.
  itv: [
    ["CASE WHEN $ < '9 years' THEN justify_interval($ * 1.5) END", "itv"],
    ["CASE WHEN $ < '9 years' THEN $ + interval '1 mon -1 day' END", "itv"],
  ],
  day: [["$ + interval '1 mon 2 days'", "tim"]],
  tim: [
    ["$ - interval '36:00'", "tim"],
    ["$ + interval '-13 mons'", "tim"],
  ],
  clo: [["$ + interval '05:30'", "clo"]],
  zon: [["$ - interval '05:30'", "zon"]],
  mon: [
    ["$ * 2", "mon"],
    ["$ / 3", "mon"],
  ],
  bit: [
    ["$ || B'1'", "bit"],
    ["length($)", "num"],
  ],
  net: [
    ["network($)", "cid"],
    ["host($)", "txt"],
    ["$::text", "txt"],
  ],
  mac: [["trunc($)", "mac"]],
  ran: [
    ["lower($)", "num"],
    ["$ * int4range(1, 3)", "ran"],
    ["$::text", "txt"],
    ["range_merge(multirange($) + int4multirange(int4range(7, 9)))", "ran"],
    ["lower(multirange($) - '{[2,3),[5,6)}'::int4multirange)", "num"],
  ],
  per: [["upper($)", "day"]],
  rec: [
    ["($).a", "num"],
    ["($).b", "txt"],
    ["to_jsonb($)", "jso"],
    ["json_build_object('row', $)::text", "txt"],
  ],
  ids: [
    ["($)[1]", "num"],
    ["($)[1:1]", "ids"],
    ["to_jsonb($)", "jso"],
  ],
  uid: [["$::text", "txt"]],
  moo: [["$::text", "txt"]],
};

const CONDITIONS: Readonly<Record<string, readonly string[]>> = {
  itv: ["$ < interval '1 day'", "$ = interval '720 hours'"],
  ran: [
    "$ @> 2",
    "$ && '[2,4)'::int4range",
    "NOT isempty($)",
    "$ << '[5,6)'::int4range",
    "$ -|- int4range(3, 5)",
    "$ <@ '{(,2),[3,7)}'::int4multirange",
    "multirange($) && '{[4,6)}'::int4multirange",
  ],
  per: ["$ @> '2024-02-29'::date", "upper_inf($)"],
  net: ["$ << '10.0.0.0/8'::inet", "$ && '10.0.0.0/7'::inet", "family($) = 4", "masklen($) > 8"],
  cid: ["$ >>= '10.0.0.1'::inet"],
  rec: [
    "($).a = 1",
    "($).b IS NULL",
    "$ < ROW(2, '')::pair",
    "$ IS NULL",
    "$ IS NOT NULL",
    "$ IS DISTINCT FROM ROW(1, 'a')::pair",
  ],
  ids: ["($)[1] = 1", "($)[0:1] = '{1,2}'::int4[]"],
  bit: ["length($) > 1", "$ > B'1'"],
  uid: ["$::text LIKE 'a%'"],
  tim: ["$ + interval '1 day' > '2024-03-01'::timestamp"],
};

function fitting(
  draft: Draft,
  operands: readonly Operand[],
  table: Readonly<Record<string, unknown>>,
): Operand | undefined {
  const known = operands.filter(({ kind }) => table[kind.id] !== undefined);
  return known.length === 0 ? undefined : draft.random.pick(known);
}

function filled(template: string, sql: string): string {
  return template.replaceAll("$", () => sql);
}

function typedExpression(draft: Draft, operands: readonly Operand[]): Operand {
  const operand = fitting(draft, operands, EXPRESSIONS);
  if (operand === undefined) return draft.random.pick(operands);
  const [sql, kind] = draft.random.pick(EXPRESSIONS[operand.kind.id] ?? [["$", operand.kind.id]]);
  return { sql: filled(sql, operand.sql), kind: kindById(kind) };
}

function typedCondition(draft: Draft, operands: readonly Operand[]): string {
  const operand = fitting(draft, operands, CONDITIONS);
  if (operand === undefined) return `${draft.random.pick(operands).sql} IS NOT NULL`;
  return filled(draft.random.pick(CONDITIONS[operand.kind.id] ?? ["$ IS NULL"]), operand.sql);
}

/** Operators of intervals, networks, ranges, bit strings, arrays and composites. */
export const typeExpressions: readonly ExpressionForm[] = [
  { feature: "operator of a type", weight: 3, write: typedExpression },
];

export const typeConditions: readonly ConditionForm[] = [
  { feature: "condition of a type", weight: 2, write: typedCondition },
];
