import type { QueryPlan } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { Oid, createCodecs } from "@freshet/values";
import { expect, test } from "vitest";
import { type IntRow, intPlan, intRow, intValue, writeView } from "../testing/int-view.ts";
import { ViewRead, type ViewRows, readableOrder } from "./view-read.ts";

const INT4 = { typeOid: Oid.int4, typmod: -1, collation: 0 };
const INT8 = { typeOid: Oid.int8, typmod: -1, collation: 0 };
const LIST = { type: INT4, list: true };
const BIG = 1 << 20;

function bigint(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function readFrom(
  plan: ReturnType<typeof intPlan>,
  rows: readonly IntRow[],
  parameters: readonly (readonly (Buffer | null)[])[],
  maxBytes: number = BIG,
): ViewRows {
  const store = new MemoryStore();
  store.write((transaction) => writeView(transaction, 1, plan, rows));
  return store.read((transaction) => new ViewRead(1, plan, createCodecs([])).read(transaction, parameters, maxBytes));
}

test("several keys with a range are ordered by a column that is not in the result", () => {
  const plan = intPlan(3, 1, {
    parameters: [LIST, { type: INT4, list: false }],
    equality: [{ column: 1, parameter: 0 }],
    range: { column: 2, lower: { parameter: 1, inclusive: true }, upper: null },
    sort: [{ column: 2, descending: false, nullsFirst: false }],
  });
  const rows = [
    [1, 10, 5],
    [2, 20, 4],
    [3, 10, 3],
    [4, 20, 1],
  ];
  const answer = readFrom(plan, rows, [[intValue(10), intValue(20)], [intValue(3)]]);
  expect(answer).toMatchObject({ kind: "rows", rows: [intRow([3]), intRow([2]), intRow([1])] });
});

test("the members of a list count once, and NULL among them matches nothing", () => {
  const plan = intPlan(2, 2, { parameters: [LIST], equality: [{ column: 1, parameter: 0 }] });
  const rows = [
    [1, 10],
    [2, null],
  ];
  const keys = [[intValue(10), null, intValue(10)]];
  expect(readFrom(plan, rows, keys)).toMatchObject({ kind: "rows", rows: [intRow([1, 10])] });
  expect(readFrom(plan, rows, [[null]])).toMatchObject({ kind: "rows", rows: [] });
});

test("an aggregate's row for a key never seen stands in, also for NULL, and LIMIT 0 drops it", () => {
  const missingKeyRow = intRow([0]).toString("base64");
  const parts = {
    parameters: [
      { type: INT4, list: false },
      { type: INT8, list: false },
    ],
    equality: [{ column: 1, parameter: 0 }],
    missingKeyRow,
  };
  const plan = intPlan(2, 1, { ...parts, limit: { parameter: 1 } });
  const rows = [[3, 10]];
  expect(readFrom(plan, rows, [[intValue(10)], [null]])).toMatchObject({ kind: "rows", rows: [intRow([3])] });
  expect(readFrom(plan, rows, [[intValue(11)], [null]])).toMatchObject({ kind: "rows", rows: [intRow([0])] });
  expect(readFrom(plan, rows, [[null], [bigint(1n)]])).toMatchObject({ kind: "rows", rows: [intRow([0])] });
  expect(readFrom(plan, rows, [[intValue(11)], [bigint(0n)]])).toMatchObject({ kind: "rows", rows: [] });
});

test("what PostgreSQL refuses, and what would be too much, is left to it", () => {
  const plan = intPlan(1, 1, { parameters: [{ type: INT8, list: false }], limit: { parameter: 0 } });
  expect(readFrom(plan, [[1]], [[bigint(-1n)]])).toMatchObject({ kind: "refused", reason: "parameter_value" });
  expect(readFrom(plan, [[1]], [[bigint(1n << 60n)]])).toMatchObject({ kind: "refused", reason: "parameter_value" });
  expect(readFrom(plan, [[1], [2]], [[null]], 10)).toMatchObject({ kind: "refused", reason: "result_too_large" });
  expect(readFrom(plan, [[1], [2]], [[bigint(1n)]], 10)).toMatchObject({ kind: "rows", rows: [intRow([1])] });
});

test("a value too long for the store's keys is left to PostgreSQL, as key, list member and bound", () => {
  const text = { typeOid: Oid.text, typmod: -1, collation: 0 };
  const ofTexts = (parts: Partial<QueryPlan>): QueryPlan => {
    const columns = [text];
    return intPlan(1, 1, { plan: { kind: "scan", tableOid: 1, attributes: [1], columns }, ...parts });
  };
  const equality = [{ column: 0, parameter: 0 }];
  const one = ofTexts({ parameters: [{ type: text, list: false }], equality });
  const list = ofTexts({ parameters: [{ type: text, list: true }], equality });
  const bound = { parameter: 0, inclusive: true };
  const above = ofTexts({ parameters: one.parameters, range: { column: 0, lower: bound, upper: null } });
  const below = ofTexts({ parameters: one.parameters, range: { column: 0, lower: null, upper: bound } });
  const short = Buffer.from("a");
  const long = Buffer.alloc(5000, "a");
  for (const plan of [one, list, above, below]) {
    expect(readFrom(plan, [], [[short]])).toMatchObject({ kind: "rows", rows: [] });
    expect(readFrom(plan, [], [[long]])).toMatchObject({ kind: "refused", reason: "parameter_value" });
  }
  expect(readFrom(list, [], [[short, long]])).toMatchObject({ kind: "refused", reason: "parameter_value" });
});

test("an order that a view cannot give is known beforehand", () => {
  const ranged = {
    range: { column: 1, lower: { parameter: 0, inclusive: true }, upper: null },
    sort: [{ column: 2, descending: false, nullsFirst: false }],
  };
  expect(readableOrder(intPlan(3, 3, ranged))).toBe(true);
  expect(readableOrder(intPlan(3, 2, ranged))).toBe(false);
});
