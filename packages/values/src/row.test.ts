import { AssertionError } from "@freshet/base";
import { expect, test } from "vitest";
import { EMPTY_ROW, locateColumns, packRow, unpackRow } from "./row.ts";

const VALUES = [Buffer.from("ab"), null, Buffer.alloc(0)];

test("a row is length words and values; -1 is NULL", () => {
  expect(packRow(VALUES).toString("hex")).toBe("000000026162ffffffff00000000");
  expect(unpackRow(packRow(VALUES))).toEqual(VALUES);
  expect(packRow([])).toEqual(EMPTY_ROW);
});

test("columns are located by their length words", () => {
  const offsets = new Int32Array(4);
  locateColumns(packRow(VALUES), 3, offsets);
  expect([...offsets]).toEqual([0, 6, 10, 14]);
});

test("a row of another width or cut off is a defect", () => {
  expect(() => locateColumns(packRow(VALUES), 2, new Int32Array(3))).toThrow(AssertionError);
  expect(() => unpackRow(Buffer.from("0000000261", "hex"))).toThrow(AssertionError);
});
