import { expect, test } from "vitest";
import { FreshetError } from "./errors.ts";
import { isTransient } from "./transient.ts";

test("only conditions that pass by themselves are tried again", () => {
  const codes = ["08006", "53300", "57P03", "58000", "40P01", "55P03", "57014", "42P01", "0A000"];
  expect(codes.map((code) => isTransient(new FreshetError(code, "x")))).toEqual([
    true,
    true,
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(isTransient(new Error("08006"))).toBe(false);
});
