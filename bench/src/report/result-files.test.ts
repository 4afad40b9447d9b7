import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CaseResults, Results } from "../results.ts";
import { earlier, readLatest, writeResults } from "./result-files.ts";

const idle = { residentBytes: 1, anonymousBytes: 1 };
const memory: CaseResults = { memory: { idle, peaks: [], diskBytes: 1 } };
const scale: CaseResults = { scale: { points: [] } };

function run(startedAt: string, cases: CaseResults, rows = 1000): Results {
  const caseRuns = Object.fromEntries(Object.keys(cases).map((name) => [name, startedAt]));
  return {
    ...{ startedAt, commit: "abc", scale: rows, seconds: 1, quick: false, upstreamSettings: {}, caseRuns, cases },
    machine: { processor: "some", cores: 2, memoryBytes: 1, node: "v20", postgresql: "18" },
  };
}

describe("result files", () => {
  let folder = "";
  const first = run("2026-01-01T10:00:00Z", { ...memory, ...scale });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "freshet-results-test-"));
    await writeResults(folder, first, true);
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("a whole run becomes the latest", async () => {
    expect(await readLatest(folder)).toEqual(first);
    expect((await readdir(folder)).toSorted()).toEqual(["2026-01-01T1000-abc.json", "latest.json"]);
  });

  test("a run of some cases replaces these in the latest, and says whose they are", async () => {
    const second = run("2026-01-02T10:00:00Z", { memory: { idle, peaks: [], diskBytes: 2 } });
    await writeResults(folder, second, false);
    const latest = await readLatest(folder);
    expect(latest.cases).toEqual({ ...scale, ...second.cases });
    expect(latest.caseRuns).toEqual({ memory: second.startedAt, scale: first.startedAt });
    expect(latest.startedAt).toBe(first.startedAt);
  });

  test("one of other sizes leaves the latest alone", async () => {
    await writeResults(folder, run("2026-01-02T10:00:00Z", memory, 2000), false);
    expect(await readLatest(folder)).toEqual(first);
  });

  test("the newest earlier run of the same sizes is found", async () => {
    const second = run("2026-01-02T10:00:00Z", memory);
    await writeResults(folder, second, false);
    await writeResults(folder, run("2026-01-03T10:00:00Z", memory, 2000), false);
    expect(await earlier(folder, run("2026-01-04T10:00:00Z", memory))).toEqual(second);
    expect(await earlier(folder, second)).toEqual(first);
    expect(await earlier(folder, run("2026-01-04T10:00:00Z", memory, 3000))).toBeNull();
  });
});
