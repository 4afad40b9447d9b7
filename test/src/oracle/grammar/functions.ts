import { kindById } from "../column-types.ts";
import type { ColumnKind } from "../column-types.ts";
import type { Draft, Operand } from "./draft.ts";
import type { ConditionForm, ExpressionForm } from "./forms.ts";

/** A call over one operand `$`, never failing on the values that columns hold, and the kind of its result. */
type Call = readonly [sql: string, result: string];

interface FunctionFamily {
  readonly feature: string;
  readonly weight: number;
  readonly takes: (kind: ColumnKind) => boolean;
  readonly calls: readonly Call[];
}

const isText = (kind: ColumnKind): boolean => kind.family === "text";
const isSmallInteger = (kind: ColumnKind): boolean => kind.id === "sma";

const families: readonly FunctionFamily[] = [
  {
    feature: "numeric function",
    weight: 0.7,
    takes: isSmallInteger,
    calls: [
      ["sqrt(abs($::numeric))", "dec"],
      ["ln(abs($::numeric) + 1)", "dec"],
      ["power(1.5, $::numeric % 5)", "dec"],
      ["exp($::numeric / 32767)", "dec"],
      ["log(abs($::numeric) + 2)", "dec"],
      ["width_bucket($, -10, 10, 5)", "num"],
      ["gcd($::int4, 12)", "num"],
      ["to_char($::int4, 'FM99,990')", "txt"],
      ["to_char($::numeric / 8, 'SG09990.99')", "txt"],
      ["degrees($::float8)", "flo"],
    ],
  },
  {
    feature: "text function",
    weight: 1,
    takes: isText,
    calls: [
      ["overlay($ PLACING 'xy' FROM 2 FOR 1)", "txt"],
      ["concat($, '-', $)", "txt"],
      ["concat_ws(', ', $, 7, $)", "txt"],
      ["$ || length($)", "txt"],
      ["encode(convert_to($, 'UTF8'), 'hex')", "txt"],
      ["encode(sha256(convert_to($, 'UTF8')), 'base64')", "txt"],
      ["md5($)", "txt"],
      ['upper($ COLLATE "C")', "txt"],
      ["string_to_array($, ' ')", "tag"],
      ["quote_literal($)", "txt"],
      ["translate($, 'ab', 'xy')", "txt"],
      ["split_part($, ' ', 1)", "txt"],
      ["regexp_replace($ COLLATE \"C\", '(\\w)(.?)', '\\2\\1', 'g')", "txt"],
      ["regexp_replace($, 'a*?b', '-')", "txt"],
      ["substring($ COLLATE \"C\" FROM '(a+|b)\\M')", "txt"],
      ["regexp_match($, '^(.)(.*)$')", "tag"],
      ["regexp_split_to_array($, '[ab]')", "tag"],
      ["regexp_count($, 'a|b')", "num"],
      ["format('%s is %-5s or %2$L', $, $)", "txt"],
      ["array_to_string(string_to_array($, 'b'), '-', 'none')", "txt"],
    ],
  },
  {
    feature: "array function",
    weight: 0.7,
    takes: ({ id }) => id === "ids",
    calls: [
      ["$ || 7", "ids"],
      ["array_remove($, 1)", "ids"],
      ["array_replace($, 1, NULL)", "ids"],
      ["array_position($, 2)", "num"],
      ["cardinality($)", "num"],
      ["array_fill(cardinality($), ARRAY[2])", "ids"],
      ["$ || $", "ids"],
    ],
  },
  {
    feature: "jsonb function",
    weight: 0.7,
    takes: ({ id }) => id === "jso",
    calls: [
      ["$ || '{\"z\": 1}'", "jso"],
      ["$ -> 'a'", "jso"],
      ["$ ->> 'a'", "txt"],
      ["$ #>> '{b,1,c}'", "txt"],
      ["jsonb_strip_nulls($)", "jso"],
      ["jsonb_pretty($)", "txt"],
      ["jsonb_build_object('k', $, 'n', 1)", "jso"],
      ["jsonb_typeof($)", "txt"],
      ["CASE WHEN jsonb_typeof($) = 'object' THEN jsonb_set_lax($, '{a}', NULL, true, 'delete_key') END", "jso"],
      ["jsonb_object(ARRAY['k', $ ->> 'a'])", "jso"],
    ],
  },
  {
    feature: "jsonpath function",
    weight: 0.7,
    takes: ({ id }) => id === "jso",
    calls: [
      ["jsonb_path_query_array($, '§.b[*]')", "jso"],
      ["jsonb_path_query_first($, '§.** ? (@.type() == \"number\")')", "jso"],
      ["jsonb_path_query_array($, 'strict §.a.keyvalue()', '{}', true)", "jso"],
      ["jsonb_path_exists($, '§[*] ? (@ > §least)', '{\"least\": 1}')", "boo"],
      ["jsonb_path_match($, '§.a == 1 || exists(§.b)')", "boo"],
    ],
  },
  {
    feature: "timestamptz function",
    weight: 0.5,
    takes: ({ id }) => id === "ins",
    calls: [
      ["$ AT TIME ZONE 'UTC'", "tim"],
      ["CASE WHEN $ > '1901-01-01 00:00+00' THEN $ AT TIME ZONE 'Europe/Berlin' END", "tim"],
      ["CASE WHEN $ > '1901-01-01 00:00+00' THEN date_trunc('month', $, 'America/New_York') END", "ins"],
      ["CASE WHEN $ > '1901-01-01 00:00+00' THEN ($ AT TIME ZONE 'UTC') AT TIME ZONE 'Asia/Tokyo' END", "ins"],
      ["$ AT TIME ZONE INTERVAL '-05:30'", "tim"],
      ["EXTRACT(EPOCH FROM $)", "dec"],
      ["date_trunc('hour', $, 'UTC')", "ins"],
    ],
  },
  {
    feature: "timestamp function",
    weight: 0.5,
    takes: ({ id }) => id === "tim",
    calls: [
      ["date_trunc('decade', $)", "tim"],
      ["date_bin('7 days 00:00:01', $, '2001-01-01')", "tim"],
      ["EXTRACT(JULIAN FROM $)", "dec"],
      ["to_char($, 'YYYY-MM-DD HH12:MI AM, FMDDth Month')", "txt"],
      ["($, INTERVAL '30 years') OVERLAPS ('2020-01-01'::timestamp, INTERVAL '10 years')", "boo"],
      ["CASE WHEN isfinite($) THEN ($ AT TIME ZONE INTERVAL '02:00') + INTERVAL '90 minutes' END", "ins"],
    ],
  },
  {
    feature: "time function",
    weight: 0.3,
    takes: ({ id }) => id === "clo" || id === "zon",
    calls: [
      ["EXTRACT(SECOND FROM $)", "dec"],
      ["date_part('hour', $)", "flo"],
      ["EXTRACT(EPOCH FROM $)", "dec"],
    ],
  },
  {
    feature: "cast through text",
    weight: 0.5,
    takes: ({ id }) => ["jso", "uid", "moo"].includes(id),
    calls: [["$::text", "txt"]],
  },
];

/** The operand in the place of `$`; `§` stands for the root and the variables of a jsonpath. */
function filled(template: string, operand: string): string {
  return template.replaceAll("$", () => operand).replaceAll("§", () => "$");
}

function callOver(draft: Draft, family: FunctionFamily, operands: readonly Operand[]): Operand | undefined {
  const fitting = operands.filter(({ kind }) => family.takes(kind));
  if (fitting.length === 0) return undefined;
  const operand = draft.random.pick(fitting);
  const [sql, result] = draft.random.pick(family.calls);
  return { sql: filled(sql, operand.sql), kind: kindById(result) };
}

/** One form for each family of functions; without a fitting operand a bare column. */
export const functionForms: readonly ExpressionForm[] = families.map((family) => ({
  feature: family.feature,
  weight: family.weight,
  write: (draft, operands) => callOver(draft, family, operands) ?? draft.random.pick(operands),
}));

/** Conditions over `$`. */
interface ConditionFamily {
  readonly feature: string;
  readonly weight: number;
  readonly takes: (kind: ColumnKind) => boolean;
  readonly conditions: readonly string[];
}

const conditionFamilies: readonly ConditionFamily[] = [
  {
    feature: "array condition",
    weight: 0.5,
    takes: ({ id }) => id === "ids",
    conditions: ["$ @> ARRAY[1]", "$ && ARRAY[2, 3]", "$ <@ ARRAY[1, 2, 3]", "2 <> ALL ($)", "array_length($, 1) > 1"],
  },
  {
    feature: "text condition",
    weight: 0.5,
    takes: isText,
    conditions: [
      "$ LIKE ANY (ARRAY['a%', '%_b'])",
      "$ COLLATE \"C\" ILIKE '%A%'",
      "starts_with($, 'a')",
      "$ LIKE 'b!%%' ESCAPE '!'",
      "$ SIMILAR TO '(a|b)%'",
      "strpos($, 'b') > 0",
      "$ ~ '^a|b+'",
      "$ !~ '[^a-z]'",
      "$ COLLATE \"C\" ~* '^A'",
    ],
  },
  {
    feature: "jsonb condition",
    weight: 0.5,
    takes: ({ id }) => id === "jso",
    conditions: [
      "$ @> '{\"a\": 1}'",
      "$ <@ '[1, 2, 3]'",
      "$ ? 'a'",
      "$ ?| ARRAY['b', 'x']",
      "jsonb_typeof($) = 'array'",
    ],
  },
  {
    feature: "jsonpath condition",
    weight: 0.5,
    takes: ({ id }) => id === "jso",
    conditions: [
      "$ @? '§.a'",
      "$ @? '§.b[*] ? (@ == 1 || @.c == null)'",
      "$ @@ '§[last] > 1'",
      "NOT $ @@ 'strict §.a starts with \"ä\"'",
    ],
  },
];

export const functionConditionForms: readonly ConditionForm[] = conditionFamilies.map((family) => ({
  feature: family.feature,
  weight: family.weight,
  write(draft, operands) {
    const fitting = operands.filter(({ kind }) => family.takes(kind));
    if (fitting.length === 0) return `${draft.random.pick(operands).sql} IS NOT NULL`;
    const { sql } = draft.random.pick(fitting);
    return filled(draft.random.pick(family.conditions), sql);
  },
}));
