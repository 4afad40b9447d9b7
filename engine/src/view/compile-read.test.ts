import { FreshetError } from "@freshet/base";
import type { Expression, QueryPlan } from "@freshet/sql";
import { type ColumnType, Oid, createCodecs, packRow } from "@freshet/values";
import { expect, test } from "vitest";
import { compileRead } from "./compile-read.ts";

const INT4 = { typeOid: Oid.int4, typmod: -1, collation: 0 };
const BOOL = { typeOid: Oid.bool, typmod: -1, collation: 0 };
const CODECS = createCodecs([]);

const column = (index: number): Expression => ({ kind: "column", index, type: INT4 });
const parameter = (number: number): Expression => ({ kind: "parameter", number, type: INT4 });
const call = (name: string, functionOid: number, type: ColumnType, ...args: Expression[]): Expression => {
  return { kind: "call", name, functionOid, inputCollation: 0, strict: true, args, type };
};

const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

/** Rows (id, n) of which the view shows `id`; the first parameter is the key. */
function plan(...conditions: Expression[]): QueryPlan {
  const columns = [INT4, INT4, INT4];
  return {
    plan: { kind: "scan", tableOid: 1, attributes: [1, 2, 3], columns },
    result: [{ ...INT4, name: "id", tableOid: 0, attribute: 0, typeLength: 4 }],
    parameters: [1, 2].map(() => ({ type: INT4, list: false })),
    equality: [{ column: 2, parameter: 0 }],
    range: null,
    sort: [],
    read: { conditions, stored: 2 },
    limit: null,
    offset: null,
    missingKeyRow: null,
    resultKey: null,
    tables: [],
    privileges: [],
    types: [],
    collations: [],
  };
}

test("a row is in the answer where every condition is true, which NULL is not", () => {
  const greater = call("int4gt", 147, BOOL, call("int4mul", 141, INT4, column(1), parameter(2)), column(0));
  const meets = compileRead(plan(greater), CODECS);
  const row = packRow([int(10), int(4)]);
  expect([2, 3].map((value) => meets([int(7), int(value)])(row))).toEqual([false, true]);
  expect(meets([int(7), null])(row)).toBe(false);
  const isNull: Expression = { kind: "is-null", arg: parameter(2), type: BOOL };
  expect(compileRead(plan(isNull, greater), CODECS)([int(7), int(3)])(row)).toBe(false);
});

test("a row on which a condition fails throws PostgreSQL's code, behind one that is false it is not evaluated", () => {
  const ratio = call("int4gt", 147, BOOL, call("int4div", 154, INT4, column(1), parameter(2)), column(0));
  const different = call("int4ne", 144, BOOL, column(1), column(0));
  const meets = compileRead(plan(different, ratio), CODECS);
  let code: string | undefined;
  try {
    meets([int(7), int(0)])(packRow([int(1), int(4)]));
  } catch (thrown) {
    code = thrown instanceof FreshetError ? thrown.code : undefined;
  }
  expect(code).toBe("22012");
  expect(meets([int(7), int(0)])(packRow([int(4), int(4)]))).toBe(false);
});
