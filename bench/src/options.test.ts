import { describe, expect, test } from "vitest";
import { caseNames, readRequest } from "./options.ts";

describe("arguments", () => {
  test("a run without arguments is a whole one", () => {
    expect(readRequest([], "results")).toEqual({
      kind: "run",
      options: { scale: 1_000_000, seconds: 6, mixedSeconds: 300, cases: caseNames, quick: false, results: "results" },
    });
  });

  test("cases run in their own order", () => {
    expect(readRequest(["--only", "restart, hits"], "results")).toMatchObject({
      options: { cases: ["hits", "restart"] },
    });
  });

  test("--quick makes everything small that is not given", () => {
    expect(readRequest(["--quick"], "r")).toMatchObject({ options: { scale: 10_000, seconds: 1, quick: true } });
    expect(readRequest(["--quick", "--rows", "5000"], "r")).toMatchObject({ options: { scale: 5000 } });
  });

  test("report", () => {
    expect(readRequest(["report", "--results", "elsewhere"], "r")).toEqual({ kind: "report", results: "elsewhere" });
  });

  test.each([
    [["--only", "hits,speed"], 'unknown case "speed"'],
    [["--rows", "many"], "--rows must be a whole number"],
    [["--rows", "10"], "from 1000 on"],
    [["--seconds", "0.5"], "--seconds must be a whole number"],
    [["faster"], 'unknown argument "faster"'],
    [["--fast"], "--fast"],
  ])("%j is refused", (argv, message) => {
    expect(() => readRequest(argv, "results")).toThrow(message);
  });
});
