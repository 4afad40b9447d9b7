import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { environment } from "@freshet/base";
import { withClient } from "@freshet/postgres";
import type { Connection, PostgresServer } from "@freshet/postgres";
import { readDocument } from "../docs/documents.ts";
import { installedFolder, missingPrograms } from "./driver-folder.ts";
import type { Driver } from "./drivers.ts";
import { onFreshDatabase, throughFreshet, throughPools } from "./through-freshet.ts";

const run = promisify(execFile);
const runTimeoutMs = 120_000;
const ownTestsTimeoutMs = 600_000;

export interface ScenarioDifference {
  readonly scenario: string;
  readonly where: "without caches" | "with caches" | "pooled";
  readonly direct: string;
  readonly proxied: string;
}

export interface DriverOutcome {
  readonly driver: Driver;
  /** Why it was not run; undefined when it was. */
  readonly obstacle: string | undefined;
  /** It was not asked for. */
  readonly leftOut: boolean;
  readonly scenarios: readonly string[];
  /** Scenarios that failed directly, so that equality says little. */
  readonly failing: readonly string[];
  readonly differences: readonly ScenarioDifference[];
  /** Statements that caches answered. */
  readonly hits: number;
}

/** Runs all scenarios of a driver directly, through Freshet, and through Freshet with caches, each on a fresh database. */
export async function runDriver(server: PostgresServer, driver: Driver): Promise<DriverOutcome> {
  const base = { driver, leftOut: false, scenarios: [], failing: [], differences: [], hits: 0 };
  const missing = missingPrograms(driver);
  if (missing.length > 0) return { ...base, obstacle: `not on this machine: ${missing.join(", ")}` };
  const folder = await installedFolder(driver);
  const direct = await onFreshDatabase(server, (connection) => results(driver, folder, connection));
  const plain = await throughFreshet(server, "", [], (connection) => results(driver, folder, connection));
  const caches = await readDocument(`test/drivers/${driver.caches ?? "caches.sql"}`);
  let hits = 0;
  const cached = await throughFreshet(server, caches, [], async (connection) => {
    const found = await results(driver, folder, connection);
    hits = await countHits(connection);
    return found;
  });
  const pooled =
    driver.pooled && (await throughPools(server, caches, (connection) => results(driver, folder, connection)));
  const differences = [
    ...compare("without caches", direct, plain),
    ...compare("with caches", direct, cached),
    ...(pooled === undefined ? [] : compare("pooled", direct, pooled)),
  ];
  const failing = [...direct]
    .filter(([, result]) => result.startsWith('{"failure":') || result === '"fail"')
    .map(([scenario]) => scenario);
  return { ...base, obstacle: undefined, scenarios: [...direct.keys()], failing, differences, hits };
}

function compare(
  where: ScenarioDifference["where"],
  direct: ReadonlyMap<string, string>,
  proxied: ReadonlyMap<string, string>,
): ScenarioDifference[] {
  const scenarios = [...new Set([...direct.keys(), ...proxied.keys()])];
  const told = (results: ReadonlyMap<string, string>, scenario: string): string => results.get(scenario) ?? "nothing";
  return scenarios
    .filter((scenario) => direct.get(scenario) !== proxied.get(scenario))
    .map((scenario) => ({ scenario, where, direct: told(direct, scenario), proxied: told(proxied, scenario) }));
}

/** What each scenario printed. */
async function results(driver: Driver, folder: string, connection: Connection): Promise<Map<string, string>> {
  const [program = "", ...args] = driver.run;
  const { host, port, user, password, database } = connection;
  const login = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database };
  const env = { ...environment(), ...login, TZ: "UTC", PGTZ: "UTC" };
  const timeout = driver.ownTests === true ? ownTestsTimeoutMs : runTimeoutMs;
  const options = { cwd: folder, timeout, maxBuffer: 64 * 1024 * 1024, env };
  const { stdout } = await run(program, args, options).catch((error: unknown) => ended(error));
  const found = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    if (line === "") continue;
    const { scenario, result } = JSON.parse(line) as { readonly scenario: string; readonly result: unknown };
    found.set(scenario, JSON.stringify(result ?? null));
  }
  return found;
}

/** A program that ends badly has said something all the same; how it ended becomes a scenario of its own. */
function ended(error: unknown): { readonly stdout: string } {
  if (!(error instanceof Error) || !("stdout" in error) || !("stderr" in error)) throw error;
  const isLate = "killed" in error && error.killed === true;
  const result = { failure: isLate ? `ended for its time` : String(error.stderr).slice(-2000) };
  return { stdout: `${String(error.stdout)}\n${JSON.stringify({ scenario: "ended badly", result })}` };
}

async function countHits(connection: Connection): Promise<number> {
  const { rows } = await withClient(connection, (client) => client.query<{ hits: string }>("SHOW CACHES"));
  return rows.reduce((sum, { hits }) => sum + Number(hits), 0);
}
