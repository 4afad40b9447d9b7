import { expect, test } from "vitest";
import type { OracleQuery } from "./oracle-case.ts";
import { inOtherOrder } from "./slot-order.ts";

const query = (core: string, tail = ""): OracleQuery => ({
  core,
  order: [],
  tail,
  columns: 1,
  parameters: [],
  loose: false,
});

test("what may change places does", () => {
  const whole = query(
    "SELECT q1.a FROM t AS q1 WHERE q1.a = {{0}} AND q1.b <= {{1}}",
    "ORDER BY 1 LIMIT {{2}} OFFSET {{3}}",
  );
  expect(inOtherOrder(whole)).toMatchObject({
    core: "SELECT q1.a FROM t AS q1 WHERE q1.b <= {{1}} AND q1.a = {{0}}",
    tail: "ORDER BY 1 OFFSET {{3}} LIMIT {{2}}",
    features: ["values in another order"],
  });
  const fetched = query("SELECT 1", "ORDER BY 1 FETCH FIRST 3 ROWS ONLY OFFSET {{0}} ROWS");
  expect(inOtherOrder(fetched)?.tail).toBe("ORDER BY 1 OFFSET {{0}} ROWS FETCH FIRST 3 ROWS ONLY");
});

test("what means something else in another place stays", () => {
  for (const core of [
    "SELECT 1 FROM t AS q1 WHERE NOT q1.a = {{0}} AND q1.b = {{1}}",
    "SELECT 1 FROM t AS q1 WHERE q1.a = {{0}} AND q1.b = {{1}} OR q1.c",
    "SELECT 1 FROM t AS q1 WHERE q1.a BETWEEN {{0}} AND {{1}}",
    "SELECT 1 FROM t AS q1 WHERE q1.a = {{0}}",
  ])
    expect(inOtherOrder(query(core))).toBeUndefined();
});
