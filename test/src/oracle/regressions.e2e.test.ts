import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOracleServer } from "./oracle-server.ts";
import { readRegressions } from "./regression-files.ts";
import { runCase } from "./run-case.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startOracleServer();
});

afterAll(async () => {
  await server.stop();
});

test.concurrent.each(await readRegressions())("what went wrong once goes well: $title", async (regression) => {
  const { failure, statistics } = await runCase(server, regression);
  expect(failure?.message).toBeUndefined();
  expect(statistics.checks + statistics.writeBackChecks + statistics.refusals).toBeGreaterThan(0);
});
