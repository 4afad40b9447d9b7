import { expect, test } from "vitest";
import { withoutChanceOrder } from "./result-blocks.ts";

const result = (statement: string, ...rows: string[]): string =>
  [statement, " a | b ", "---+---", ...rows, `(${rows.length} rows)`, "", ""].join("\n");

test("rows are sorted where no order was asked for", () => {
  const output = result("SELECT * FROM t;", " 2 | x", " 1 | y") + result("SELECT * FROM u;", " 4 | x", " 3 | y");
  const sorted = result("SELECT * FROM t;", " 1 | y", " 2 | x") + result("SELECT * FROM u;", " 3 | y", " 4 | x");
  expect(withoutChanceOrder(output)).toBe(sorted);
});

test("rows stay as they are where an order was asked for, and so does all else", () => {
  const ordered = result("SELECT * FROM t\n  ORDER BY a DESC;", " 2 | x", " 1 | y");
  expect(withoutChanceOrder(ordered)).toBe(ordered);
  const text = "SELECT 1/0;\nERROR:  division by zero\n-- a comment\n--------\nb\na\n";
  expect(withoutChanceOrder(text)).toBe(text);
});
