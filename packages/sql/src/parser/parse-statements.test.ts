import { FreshetError } from "@freshet/base";
import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "./load-parser.ts";
import { nestingDepth } from "./nesting-depth.ts";
import { MAX_STATEMENT_LENGTH, parseStatements } from "./parse-statements.ts";

beforeAll(loadParser);

function failure(text: string): FreshetError {
  try {
    parseStatements(text);
  } catch (error) {
    if (error instanceof FreshetError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("parseStatements", () => {
  it("gives each statement's byte range", () => {
    const text = "SELECT 'é'; ;SELECT 2";
    expect(parseStatements(text).map(({ start, end }) => Buffer.from(text).subarray(start, end).toString())).toEqual([
      "SELECT 'é'",
      "SELECT 2",
    ]);
    expect(parseStatements("")).toEqual([]);
    expect(parseStatements(" ; -- nothing")).toEqual([]);
  });

  it("tells a mistake's place in characters", () => {
    expect(failure("SELECT 'é🙂' FRM t x")).toMatchObject({
      code: "42601",
      message: 'syntax error at or near "t"',
      position: 17,
    });
    expect(failure("SELECT * FRM t")).toMatchObject({ code: "42601", position: 10 });
  });

  it("refuses text that the server might read differently", () => {
    for (const text of ["SELECT 1\0; DROP TABLE t", "SELECT '\ud800'", "SELECT '\ufffd'"])
      expect(failure(text).code).toBe("22021");
  });

  it("refuses what is too long or too deep, and still parses afterwards", () => {
    expect(failure("x".repeat(MAX_STATEMENT_LENGTH + 1)).code).toBe("54000");
    const deep = [
      `SELECT 1${"+1".repeat(20_000)}`,
      `SELECT ${"(".repeat(5_000)}1${")".repeat(5_000)}`,
      `SELECT ${"(SELECT ".repeat(3_000)}1${")".repeat(3_000)}`,
      `SELECT a, b${" UNION SELECT a, b".repeat(3_000)}`,
      `SELECT ${"NOT ".repeat(20_000)}true`,
    ];
    for (let round = 0; round < 5; round++) for (const text of deep) expect(failure(text).code).toBe("54000");
    expect(parseStatements("SELECT a FROM t WHERE a IN (1, 2)")).toHaveLength(1);
  });

  it("lets long flat texts pass", () => {
    const list = Array.from({ length: 5_000 }, (_, index) => `(${index}, 'x')`).join(", ");
    expect(parseStatements(`INSERT INTO t VALUES ${list}`)).toHaveLength(1);
    expect(parseStatements("SELECT 1;".repeat(300))).toHaveLength(300);
  });
});

describe("nestingDepth", () => {
  it("counts along a path, not across commas", () => {
    expect(nestingDepth("f(a, b, c)")).toBe(4);
    expect(nestingDepth("a, b, c, d")).toBe(1);
    expect(nestingDepth("((((a))))")).toBeGreaterThanOrEqual(4);
    expect(nestingDepth("a; b c; d")).toBe(2);
    expect(nestingDepth(")))")).toBe(0);
  });

  it("chains set operations across commas", () => {
    expect(nestingDepth(`a, b${" union a, b".repeat(10)}`)).toBeGreaterThanOrEqual(10);
  });
});
