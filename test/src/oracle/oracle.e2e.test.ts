import { environment } from "@freshet/base";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOracleServer } from "./oracle-server.ts";
import { randomCase } from "./random-case.ts";
import { describeFailure, keepRegression } from "./regression-files.ts";
import { knownFeatures } from "./grammar/features.ts";
import { runCase } from "./run-case.ts";
import { shrink } from "./shrink.ts";
import { list, OracleStatistics } from "./statistics.ts";

/** The first seed and how many steps in all; the same ones everywhere unless told otherwise. */
const firstSeed = Number(environment()["ORACLE_SEED"] ?? 1);
const steps = Number(environment()["ORACLE_STEPS"] ?? 5000);
const stepsPerSeed = 200;

let server: PostgresServer;
const total = new OracleStatistics();

beforeAll(async () => {
  server = await startOracleServer();
});

afterAll(async () => {
  await server.stop();
});

const seeds = Array.from({ length: Math.ceil(steps / stepsPerSeed) }, (_, index) => firstSeed + index);

// Each waits for its database half of the time.
test.concurrent.each(seeds)("what Freshet answers is what PostgreSQL answers, seed %i", async (seed) => {
  const oracleCase = randomCase(seed, { steps: Math.min(steps, stepsPerSeed) });
  const result = await runCase(server, oracleCase);
  total.add(result.statistics);
  if (result.failure !== undefined) {
    const kept = await keepRegression(await shrink(server, oracleCase, result));
    expect.fail(`${describeFailure(oracleCase, result)}\n\n${kept}`);
  }
  expect(result.statistics.checks).toBeGreaterThan(0);
});

test("the answers came from caches", () => {
  console.log(`${total.summary()}\nrefused: ${list(total.refused)}\n${total.coverage(knownFeatures())}`);
  expect(total.steps).toBeGreaterThanOrEqual(Math.min(steps, 100));
  expect(total.acceptedShare).toBeGreaterThanOrEqual(0.6);
  expect(total.hitShare).toBeGreaterThanOrEqual(0.7);
  expect(total.writeBackChecks).toBeGreaterThan(total.writeBackHeld);
});
