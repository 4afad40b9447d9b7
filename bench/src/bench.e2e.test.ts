import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Results } from "./results.ts";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Every number in `value`, with the path to it. */
function* numbers(value: unknown, path = ""): Generator<readonly [string, number]> {
  if (typeof value === "number") yield [path, value];
  else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* numbers(inner, `${path}.${key}`);
  }
}

describe("a tiny run of all cases", () => {
  let folder = "";
  let status: unknown = null;
  let output = "";
  let errors = "";
  let results: Results;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "freshet-bench-test-"));
    const child = spawn(process.execPath, [program, "--quick", "--rows", "2000", "--results", folder], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    [output, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    expect({ status, errors }).toMatchObject({ status: 0 });
    const [file = ""] = await readdir(folder);
    results = JSON.parse(await readFile(join(folder, file), "utf8")) as Results;
  }, 900_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("keeps what it measured as JSON, and a tiny run does not become the latest", async () => {
    expect(await readdir(folder)).toEqual([
      `${results.startedAt.slice(0, 16).replace(":", "")}-${results.commit}.json`,
    ]);
    expect(results).toMatchObject({ scale: 2000, seconds: 1, quick: true });
  });

  test("measures every case", () => {
    expect(Object.keys(results.cases).toSorted()).toEqual([
      "changes",
      "freshness",
      "fronts",
      "hits",
      "idle",
      "memory",
      "mixed",
      "operators",
      "partial",
      "queries",
      "restart",
      "rivals",
      "scale",
      "snapshot",
    ]);
    const targets = new Set(results.cases.hits?.runs.map(({ target }) => target));
    expect([...targets]).toEqual(expect.arrayContaining(["postgresql", "freshet", "freshet-pass-through", "canned"]));
  });

  test("yields numbers that can be", () => {
    const all = [...numbers(results.cases)];
    expect(all.filter(([, value]) => !Number.isFinite(value))).toEqual([]);
    // A consumer may hear of a commit before the writer's own answer comes; CPU time is counted in hundredths of a second.
    // Memory of a few clients is lost in what the process gives back to the system.
    const maySeemEarly =
      /^\.(changes\.latency|partial|freshness\.runs\.\d+\.(delay|writes)|mixed\.samples\.\d+\.(visibleMs|hitsPerSecond))/;
    // Mostly the hypervisor takes nothing away.
    const positive = all.filter(
      ([path]) => !maySeemEarly.test(path) && !path.includes("cpuUs") && !/\.(bytesPerClient|stolenShare)$/.test(path),
    );
    expect(positive.length).toBeGreaterThan(100);
    expect(positive.filter(([, value]) => value <= 0)).toEqual([]);
  });

  test("measures each rival, or says why not", () => {
    const runs = results.cases.rivals?.runs ?? [];
    expect(runs.filter(({ measured, reason }) => (measured === null) === (reason === null))).toEqual([]);
    const measured = (engine: string): number =>
      runs.filter((run) => run.engine === engine && run.measured !== null).length;
    const installed = existsSync(fileURLToPath(new URL("../third-party/node_modules/.installed", import.meta.url)));
    const counts = ["freshet", "refresh", "db-ivm", "d2ts", "zql", "pg_ivm"].map(measured);
    expect(counts).toEqual(installed ? [7, 7, 7, 7, 3, 5] : [7, 7, 0, 0, 0, 0]);
  });

  test("answers hits from the cache", () => {
    const shares = results.cases.hits?.runs
      .filter(({ target }) => target === "freshet")
      .map(({ hitShare }) => hitShare);
    expect(shares?.length).toBeGreaterThan(0);
    for (const share of shares ?? []) expect(share).toBeGreaterThan(0.99);
  });

  test("prints every target with a verdict, and where the results are", () => {
    for (const what of [
      "cached point look-up",
      "join + aggregate",
      "initial snapshot",
      "restart",
      "commit to visible",
    ]) {
      expect(output).toMatch(new RegExp(`^${what.replaceAll("+", "\\+")}.* (yes|no)$`, "m"));
    }
    expect(output).toContain(`results: ${folder}`);
  });
});
