import { must } from "@freshet/base";
import type { TableTouch, TouchedRow } from "@freshet/contract";
import {
  type GuardCondition,
  type InvalidationPlan,
  type SelectShape,
  inspectStatement,
  loadParser,
} from "@freshet/sql";
import { DEFAULT_TEXT_SETTINGS } from "@freshet/values";
import { beforeAll, describe, expect, test } from "vitest";
import { RowGuard } from "./row-guard.ts";
import { TableAnswers } from "./table-answers.ts";

const TABLE = 500;
const [INT4, TEXT] = [23, 25];

beforeAll(() => loadParser());

const int4 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

function plan(...references: readonly (readonly GuardCondition[])[]): InvalidationPlan {
  return {
    shapeKey: "",
    slots: [],
    parameterTypes: [],
    textInputs: [],
    result: [],
    tables: [{ tableOid: TABLE, schema: "public", name: "t" }],
    guards: [{ tableOid: TABLE, references }],
    privileges: [],
    functions: [],
    enums: [],
    expiry: "never",
    thresholds: [],
  };
}

function condition(column: string, operator: GuardCondition["operator"], slot: number, typeOid = INT4): GuardCondition {
  return { column, typeOid: typeOid ?? 0, operator, slot };
}

function guard(where: string, ...references: readonly (readonly GuardCondition[])[]): RowGuard {
  const shape: SelectShape = must(inspectStatement(`SELECT 1 FROM t WHERE ${where}`).shape);
  return RowGuard.of(plan(...references), shape, null, DEFAULT_TEXT_SETTINGS);
}

function touch(...rows: readonly TouchedRow[]): TableTouch {
  return { tableOid: TABLE, columns: ["id", "t"], rows };
}

describe("a guard", () => {
  test("lets changes pass whose rows do not meet its conditions", () => {
    const one = guard("id = 5 AND t = 'x'", [condition("id", "=", 0), condition("t", "=", 1, TEXT)]);
    const row = (id: number, t: string): TouchedRow => [int4(id), Buffer.from(t)];
    expect(one.matters(touch(row(5, "x")))).toBe(true);
    expect(one.matters(touch(row(4, "x"), row(5, "y")))).toBe(false);
    expect(one.matters(touch(row(4, "x"), row(5, "x")))).toBe(true);
    expect(one.matters(touch([int4(5), undefined]))).toBe(true);
    expect(one.matters(touch([int4(4), undefined]))).toBe(false);
    expect(one.matters(touch([undefined, undefined]))).toBe(true);
    expect(one.matters(touch([null, Buffer.from("x")]))).toBe(false);
    expect(one.matters({ tableOid: TABLE, columns: ["t"], rows: [[Buffer.from("x")]] })).toBe(true);
    expect(one.matters({ tableOid: TABLE, columns: [], rows: null })).toBe(true);
    expect(one.matters({ ...touch(), tableOid: TABLE + 1 })).toBe(true);
  });

  test.each<[GuardCondition["operator"], readonly number[]]>([
    ["<", [-7, 4]],
    ["<=", [-7, 4, 5]],
    [">", [6]],
    [">=", [5, 6]],
    ["=", [5]],
  ])("knows the rows within a range (%s)", (operator, meeting) => {
    const range = guard(`id ${operator} 5`, [condition("id", operator, 0)]);
    expect([-7, 4, 5, 6].filter((id) => range.matters(touch([int4(id), null])))).toEqual(meeting);
  });

  test("knows lists, several mentions, and NULL, which nothing meets", () => {
    const list = guard("id IN (1, 2)", [condition("id", "=", 0)]);
    expect([1, 2, 3].map((id) => list.matters(touch([int4(id), null])))).toEqual([true, true, false]);
    const twice = guard("id = 1 AND id < 9", [condition("id", "=", 0)], [condition("id", "<", 1)]);
    expect([1, 5, 9].map((id) => twice.matters(touch([int4(id), null])))).toEqual([true, true, false]);
    const none = new RowGuard(new Map([[TABLE, [[{ column: "id", typeOid: 23, operator: "=" as const, keys: [] }]]]]));
    expect(none.matters(touch([int4(1), null]))).toBe(false);
  });

  test("does without a value that is not surely read as the upstream does", () => {
    const odd = guard("id = '5 '", [condition("id", "=", 0)]);
    expect(odd.matters(touch([int4(5), null]))).toBe(true);
  });
});

test("answers are found by the values of their column, others always", () => {
  const answers = new TableAnswers<string>();
  const pin = (...ids: readonly number[]): ReturnType<RowGuard["pin"]> =>
    guard(`id IN (${ids.join()})`, [condition("id", "=", 0)]).pin(TABLE);
  answers.add("one", pin(1));
  answers.add("both", pin(1, 2));
  answers.add("any", null);
  const found = (one: TableTouch): string[] => [...answers.candidates(one)].sort();
  expect(found(touch([int4(1), null]))).toEqual(["any", "both", "one"]);
  expect(found(touch([int4(2), null], [null, null]))).toEqual(["any", "both"]);
  expect(found(touch([int4(3), null]))).toEqual(["any"]);
  expect(found(touch([int4(3), null], [undefined, null]))).toEqual(["any", "both", "one"]);
  expect(found({ tableOid: TABLE, columns: [], rows: null })).toEqual(["any", "both", "one"]);
  expect(found({ tableOid: TABLE, columns: [], rows: [] })).toEqual(["any"]);
  answers.delete("one", pin(1));
  answers.delete("both", pin(1, 2));
  expect(found({ tableOid: TABLE, columns: [], rows: null })).toEqual(["any"]);
  answers.delete("any", null);
  expect(answers.empty).toBe(true);
});
