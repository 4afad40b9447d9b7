import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../parser/load-parser.ts";
import { inspectStatement } from "./inspect-statement.ts";
import { slotLiterals, slotsMatchFixed, type SlotRequirement } from "./match-slots.ts";
import type { SelectShape } from "./shape.ts";
import { substituteSlots } from "./substitute-slots.ts";

beforeAll(loadParser);

function shapeOf(text: string): SelectShape {
  const { shape } = inspectStatement(text);
  if (shape === null) throw new Error(`no shape: ${text}`);
  return shape;
}

function substituted(text: string, fixed: readonly number[] = []): string {
  const shape = shapeOf(text);
  return substituteSlots(
    shape,
    shape.slots.map((_, index) => fixed.includes(index)),
  ).text;
}

describe("substituteSlots", () => {
  it("numbers the slots by their place", () => {
    const shape = shapeOf(
      "SELECT $5 FROM t WHERE a = 1 AND b = $2 AND c IN ($2, 3) AND d = ANY ($1) LIMIT 4 OFFSET 5;",
    );
    expect(substituteSlots(shape, [false, true, false, false, false, true, false])).toEqual({
      text: "SELECT $1 FROM t WHERE a = 1 AND b = $2 AND c = ANY ($3) AND d = ANY ($4) LIMIT 4 OFFSET $5",
      slotParameter: [1, null, 2, 3, 4, null, 5],
    });
  });

  it("is exact behind characters of several bytes", () => {
    expect(substituted("SELECT 'é🙂' FROM tä WHERE ö = 'ü' AND ß IN ('é') AND x = 'z'")).toBe(
      "SELECT 'é🙂' FROM tä WHERE ö = $1 AND ß = ANY ($2) AND x = $3",
    );
  });

  it("keeps tokens apart, and comments as they are", () => {
    expect(
      substituted(`SELECT 1 FROM t WHERE a='x'AND b BETWEEN'x'AND'y'AND c=-1 AND"d"IN(1)AND e/*'*/IN/**/(2)LIMIT 3`),
    ).toBe(
      `SELECT 1 FROM t WHERE a=$1 AND b BETWEEN $2 AND $3 AND c=$4 AND"d" = ANY ($5) AND e/*'*/= ANY ($6) LIMIT $7`,
    );
    expect(substituted("SELECT 1 FROM t WHERE a = -- one\n 1 -- two\n AND b = 2 -- end")).toBe(
      "SELECT 1 FROM t WHERE a = -- one\n $1 -- two\n AND b = $2",
    );
  });

  it("keeps fixed literals, and refuses to fix a parameter", () => {
    expect(substituted("SELECT 1 FROM t WHERE a IN (1, 2) AND b = - 1 LIMIT 2", [0, 1])).toBe(
      "SELECT 1 FROM t WHERE a IN (1, 2) AND b = - 1 LIMIT $1",
    );
    expect(() => substituted("SELECT 1 FROM t WHERE a IN (1, $3)", [0])).toThrow(
      "parameter $3 cannot be a constant of the cache",
    );
  });
});

describe("slotsMatchFixed", () => {
  const requirements: readonly SlotRequirement[] = [
    { kind: "parameter" },
    {
      kind: "fixed",
      items: [
        { kind: "integer", text: "2" },
        { kind: "string", text: "x" },
      ],
    },
  ];
  const matches = (text: string): boolean => slotsMatchFixed(shapeOf(text), requirements);

  it("asks for the very same literals", () => {
    expect(matches("SELECT 1 FROM t WHERE a = $1 AND b IN (2, 'x')")).toBe(true);
    expect(matches("SELECT 1 FROM t WHERE a = 7 AND b IN (2,E'x')")).toBe(true);
    const lists = ["2", "2, 'x', 3", "'x', 2", "'2', 'x'", "2, 'y'", "2, $1"];
    expect(lists.filter((list) => matches(`SELECT 1 FROM t WHERE a = $1 AND b IN (${list})`))).toEqual([]);
    expect(matches("SELECT 1 FROM t WHERE a = $1")).toBe(false);
  });

  it("tells a slot's literals, unless it holds a parameter", () => {
    expect(shapeOf("SELECT 1 FROM t WHERE b IN (2, 'x')").slots.map(slotLiterals)).toEqual([
      [
        { kind: "integer", text: "2" },
        { kind: "string", text: "x" },
      ],
    ]);
    expect(shapeOf("SELECT 1 FROM t WHERE a IN (1, $1)").slots.map(slotLiterals)).toEqual([null]);
  });
});
