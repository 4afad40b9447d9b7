import { AssertionError } from "@freshet/base";
import { expect, test } from "vitest";
import { formatLsn, maxLsn, minLsn, parseLsn } from "./lsn.ts";

test.each(["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"])("%s survives", (text) => {
  expect(formatLsn(parseLsn(text) ?? -1n)).toBe(text);
});

test.each(["", "0", "0/", "/0", "0/G", "100000000/0", "0/0 "])("%j is not an LSN", (text) => {
  expect(parseLsn(text)).toBeUndefined();
});

test("an LSN is not negative", () => {
  expect(() => formatLsn(-1n)).toThrow(AssertionError);
});

test("the greater and the smaller of two", () => {
  expect([maxLsn(1n, 2n), maxLsn(2n, 1n), minLsn(1n, 2n), minLsn(2n, 1n)]).toEqual([2n, 2n, 1n, 1n]);
});
