import type { CallExpression, Expression } from "@freshet/sql";
import { createCodecs, Oid, packRow } from "@freshet/values";
import type { ColumnType } from "@freshet/values";
import { expect, test } from "vitest";
import { compileBytes, compileExpression, isTrue } from "./compile.ts";
import { EvaluationError } from "./evaluation-error.ts";
import { RowView } from "./row-view.ts";

const codecs = createCodecs([]);

function type(typeOid: number): ColumnType {
  return { typeOid, typmod: -1, collation: typeOid === Oid.text ? 950 : 0 };
}

function column(index: number, typeOid: number): Expression {
  return { kind: "column", index, type: type(typeOid) };
}

function call(name: string, resultOid: number, args: readonly Expression[], strict = true): CallExpression {
  return { kind: "call", name, functionOid: 0, strict, inputCollation: 950, args, type: type(resultOid) };
}

function int4(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function rowOf(...values: (Buffer | null)[]): RowView {
  const view = new RowView();
  view.set(packRow(values), values.length);
  return view;
}

test("a function without an implementation is refused by name and argument types", () => {
  const context = { columns: [type(Oid.text), type(Oid.int4)], codecs };
  const expression = call("soundex", Oid.text, [column(0, Oid.text), column(1, Oid.int4)]);
  expect(() => compileExpression(expression, context)).toThrow(
    expect.objectContaining({ code: "0A000", message: "function soundex(text, int4) is not supported in caches" }),
  );
});

test("a call that PostgreSQL would make with NULLs is refused", () => {
  const context = { columns: [type(Oid.int4)], codecs };
  expect(() => compileExpression(call("int4abs", Oid.int4, [column(0, Oid.int4)], false), context)).toThrow(
    /int4abs\(int4\) is not supported/,
  );
});

test("types without a codec, lasting parameters and casts that depend on settings are refused", () => {
  const context = { columns: [type(90_000), type(Oid.date)], codecs };
  expect(() => compileExpression(column(0, 90_000), context)).toThrow(/type 90000 is not supported in caches/);
  const parameter: Expression = { kind: "parameter", number: 2, type: type(Oid.int4) };
  expect(() => compileExpression(parameter, context)).toThrow(/parameter \$2/);
  const cast: Expression = { kind: "text-cast", arg: column(1, Oid.date), type: type(Oid.text) };
  expect(() => compileExpression(cast, context)).toThrow(/a cast of date through text/);
});

test("case mapping under a collation with rules of its own is refused", () => {
  const context = { columns: [type(Oid.text)], codecs };
  const expression = { ...call("upper", Oid.text, [column(0, Oid.text)]), inputCollation: 12_345 };
  expect(() => compileExpression(expression, context)).toThrow(/upper\(text\) under this collation is not supported/);
});

test("errors carry PostgreSQL's SQLSTATE", () => {
  const context = { columns: [type(Oid.int4), type(Oid.int4)], codecs };
  const evaluate = compileExpression(call("int4div", Oid.int4, [column(0, Oid.int4), column(1, Oid.int4)]), context);
  expect(evaluate(rowOf(int4(7), int4(-2)))).toBe(-3);
  expect(evaluate(rowOf(int4(7), null))).toBeNull();
  expect(() => evaluate(rowOf(int4(7), int4(0)))).toThrow(expect.objectContaining({ code: "22012", declined: false }));
  expect(() => evaluate(rowOf(int4(-0x80000000), int4(-1)))).toThrow(expect.objectContaining({ code: "22003" }));
});

test("what cannot be evaluated exactly is declined", () => {
  const context = { columns: [type(Oid.text)], codecs };
  const ofDefaultCollation = { ...call("lower", Oid.text, [column(0, Oid.text)]), inputCollation: 100 };
  const lower = compileExpression(ofDefaultCollation, context);
  expect(lower(rowOf(Buffer.from("ABC")))).toBe("abc");
  expect(() => lower(rowOf(Buffer.from("É")))).toThrow(EvaluationError);
  expect(() => lower(rowOf(Buffer.from("É")))).toThrow(expect.objectContaining({ declined: true }));
});

test("columns and constants pass through as bytes", () => {
  const context = { columns: [type(Oid.numeric)], codecs };
  const bytes = Buffer.from([1, 2, 3]);
  expect(compileBytes(column(0, Oid.numeric), context)(rowOf(bytes))).toEqual(bytes);
  expect(compileBytes(column(0, Oid.numeric), context)(rowOf(null))).toBeNull();
  const constant: Expression = { kind: "constant", value: bytes.toString("latin1"), type: type(Oid.numeric) };
  expect(compileBytes(constant, context)(rowOf(null))).toEqual(bytes);
});

test("NULL is not true", () => {
  expect([true, false, null].map(isTrue)).toEqual([true, false, false]);
});

test("a row view is reused for wider and narrower rows", () => {
  const view = new RowView();
  const wide = Array.from({ length: 40 }, (_, index) => (index % 3 === 0 ? null : int4(index)));
  view.set(packRow(wide), 40);
  expect(wide.map((_, index) => view.bytes(index))).toEqual(wide);
  view.set(packRow([Buffer.alloc(0), null]), 2);
  expect(view.bytes(0)).toEqual(Buffer.alloc(0));
  expect(view.bytes(1)).toBeNull();
  expect([view.start(0), view.length(0), view.start(1)]).toEqual([4, 0, -1]);
});
