import { expect, test } from "vitest";
import type { RivalsResult } from "../cases/rivals.ts";
import { rivalTables } from "./rival-tables.ts";

const rivals: RivalsResult = {
  sizes: [1000, 10_000],
  rowsPerCommit: 10,
  limitSeconds: 45,
  runs: [
    {
      ...{ engine: "freshet", query: "top 10", rows: 1000, reason: null },
      measured: { buildMs: 1500, changes: 100, changesPerSecond: 50_000, cpuUsPerChange: 12.34 },
    },
    { engine: "d2ts", query: "top 10", rows: 1000, measured: null, reason: "over 45 s" },
    { engine: "d2ts", query: "top 10", rows: 10_000, measured: null, reason: "over 45 s" },
  ],
};

test("engines stand beside each other, and what is missing has a reason once", () => {
  const [cpu, rate, build, reasons] = rivalTables(rivals);
  expect(cpu?.rows).toEqual([
    ["top 10", "1,000", "12.3", "–", "–", "–", "–", "–"],
    ["top 10", "10,000", "–", "–", "–", "–", "–", "–"],
  ]);
  expect(rate?.rows[0]?.[2]).toBe("50,000");
  expect(build?.rows[0]?.[2]).toBe("1.5");
  expect(reasons?.rows).toEqual([["@electric-sql/d2ts", "top 10", "over 45 s"]]);
  expect(rivalTables(undefined)).toEqual([]);
});
