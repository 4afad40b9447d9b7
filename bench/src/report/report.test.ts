import { describe, expect, test } from "vitest";
import type { HitRun, HitTarget } from "../cases/hits.ts";
import type { CaseResults, Results } from "../results.ts";
import { plainTable, markdownTable } from "./table.ts";
import { markdownReport, printed } from "./tables.ts";
import { figure, targets } from "./targets.ts";

function hit(target: HitTarget, tps: number, meanUs: number): HitRun {
  const load = { transactions: 1000, tps, meanUs, p50Us: meanUs, p99Us: meanUs * 2 };
  return {
    target,
    protocol: "prepared",
    clients: 8,
    ...load,
    cpuUsPerTransaction: 20,
    hitShare: null,
    stolenShare: 0.015,
  };
}

function build(rowsPerSecond: number): { readonly milliseconds: number; readonly rowsPerSecond: number } {
  return { milliseconds: 1_000_000_000 / rowsPerSecond, rowsPerSecond };
}

const cases: CaseResults = {
  hits: {
    rows: 1_000_000,
    generator: "pgbench",
    runs: [
      hit("postgresql", 10_000, 100),
      hit("freshet", 20_000, 61),
      hit("freshet-pass-through", 8000, 130),
      hit("canned", 24_000, 45),
    ],
  },
  operators: {
    sizes: [1000, 10_000],
    runs: [
      { title: "filter", rows: 1000, buildMs: 5, cpuUsPerChange: 12.34 },
      { title: "filter", rows: 10_000, buildMs: 50, cpuUsPerChange: 13 },
      { title: "lag, all rows", rows: 1000, buildMs: 5, cpuUsPerChange: 1500 },
    ],
  },
  snapshot: { rows: 1_000_000, first: build(199_999), second: build(400_000), keyed: build(300_000) },
};

const results: Results = {
  startedAt: "2026-01-02T03:04:05.678Z",
  commit: "abc1234",
  machine: { processor: "some", cores: 2, memoryBytes: 8 * 1024 ** 3, node: "v20.20.0", postgresql: "18.1" },
  scale: 1_000_000,
  seconds: 6,
  quick: false,
  upstreamSettings: {},
  caseRuns: { hits: "2026-01-02T03:04, commit abc1234", scale: "2026-01-03T05:06, commit def5678" },
  cases,
};

describe("targets", () => {
  test("what is reached exactly is met, what is missed narrowly is not", () => {
    expect(targets(cases)).toEqual([
      {
        what: "cached point look-up against PostgreSQL, throughput, 8 clients",
        wanted: ">= 2x",
        measured: "2x",
        met: true,
      },
      {
        what: "cached point look-up against PostgreSQL, mean latency, 8 clients",
        wanted: "<= 0.6x",
        measured: "0.61x",
        met: false,
      },
      {
        what: "cached point look-up against the canned Node server, throughput, 8 clients",
        wanted: ">= 0.8x",
        measured: "0.833x",
        met: true,
      },
      {
        what: "initial snapshot of 1,000,000 rows",
        wanted: ">= 200,000 rows/s",
        measured: "199,999 rows/s",
        met: false,
      },
    ]);
  });

  test("a rival that did not run, or a case that was left out, leaves its target out", () => {
    expect(targets(cases).filter(({ what }) => what.includes("PgBouncer"))).toEqual([]);
    expect(targets({})).toEqual([]);
  });
});

describe("tables", () => {
  const table = {
    title: "Title",
    columns: ["what", "n"],
    rows: [
      ["one", "1"],
      ["three", "333"],
    ],
  };

  test("for a terminal the numbers are aligned", () => {
    expect(plainTable(table)).toBe("Title\n\nwhat     n\n-----  ---\none      1\nthree  333");
  });

  test("markdown", () => {
    expect(markdownTable(table)).toBe("## Title\n\n| what | n |\n| --- | ---: |\n| one | 1 |\n| three | 333 |");
  });

  test.each([
    [0.012345, "0.0123"],
    [1.5, "1.5"],
    [999.4, "999"],
    [12_345.6, "12,346"],
  ])("%d is shown as %s", (value, shown) => {
    expect(figure(value)).toBe(shown);
  });

  test("both reports have every case that was measured", () => {
    const [plain, markdown] = [printed(results), markdownReport(results)];
    for (const title of [
      "Targets",
      "Point look-ups in 1,000,000 rows (pgbench, one thread)",
      "CREATE CACHE over 1,000,000 rows",
    ]) {
      expect(plain).toContain(`${title}\n`);
      expect(markdown).toContain(`## ${title}\n`);
    }
    expect(markdown).toContain("| Freshet, cached | prepared | 8 | 20,000 | 2 | 0.061 | 0.061 | 0.122 | 20 |");
    expect(markdown).toContain("| operator | 1,000 rows | 10,000 rows |");
    expect(markdown).toContain("| filter | 12.3 | 13 |\n| lag, all rows | 1,500 |  |");
    expect(markdown).toContain("run of 2026-01-02, commit abc1234; 1,000,000 rows, 6 s per measurement");
    expect(markdown).toContain("\n- `scale`: run of 2026-01-03T05:06, commit def5678\n");
    expect(plain).not.toContain("Restart");
  });
});
