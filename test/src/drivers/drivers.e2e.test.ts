import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { missingPrograms } from "./driver-folder.ts";
import { drivers } from "./drivers.ts";
import { runDriver } from "./run-driver.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ settings: { synchronous_commit: "on" } });
});
afterAll(() => server.stop());

const quick = drivers
  .filter((driver) => driver.quick)
  .map((driver) => ({ driver, missing: missingPrograms(driver) }))
  .map(({ driver, missing }) => ({
    driver,
    isHere: missing.length === 0,
    name: missing.length === 0 ? driver.name : `${driver.name} (not run: this machine has no ${missing.join(", ")})`,
  }));

test.each(quick)("$name gets the same through Freshet", async ({ driver, isHere }) => {
  const { obstacle, scenarios, failing, differences, hits } = await runDriver(server, driver);
  expect(obstacle === undefined).toBe(isHere);
  expect(failing).toEqual([]);
  const expected = isHere ? [...(driver.pooled?.keys() ?? [])] : [];
  expect(differences.map(({ scenario, where }) => `${scenario}, ${where}`).toSorted()).toEqual(
    expected.map((scenario) => `${scenario}, pooled`).toSorted(),
  );
  expect(scenarios.length).toBeGreaterThan(isHere ? 2 : -1);
  expect(hits).toBeGreaterThan(isHere ? 0 : -1);
});
