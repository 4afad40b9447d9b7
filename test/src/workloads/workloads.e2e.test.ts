import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOracleServer } from "../oracle/oracle-server.ts";
import { nexmark } from "./nexmark.ts";
import { runWorkload } from "./run-workload.ts";
import { socialNews } from "./social-news.ts";
import { tpch } from "./tpch/tpch.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startOracleServer();
});

afterAll(async () => {
  await server.stop();
});

const small = { transactions: 12, costTransactions: 0, log: () => undefined };

test.each([
  { workload: tpch, scale: 0.01 },
  { workload: nexmark, scale: 0.02 },
  { workload: socialNews, scale: 0.02 },
])("every answer of $workload.name is PostgreSQL's", async ({ workload, scale }) => {
  const outcomes = await runWorkload(server, workload, { ...small, scale });
  expect(
    outcomes.filter(({ wrong }) => wrong !== undefined).map(({ query, wrong }) => `${query.name}: ${wrong}`),
  ).toEqual([]);
  expect(outcomes.reduce((sum, { hits }) => sum + hits, 0)).toBeGreaterThan(0);
});
