import { writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { startPostgres } from "@freshet/postgres";
import { documentPath, readDocument } from "../docs/documents.ts";
import { driversPage } from "./drivers-page.ts";
import { type Driver, drivers } from "./drivers.ts";
import { type DriverOutcome, runDriver } from "./run-driver.ts";

/** `npm run drivers -- [--only psycopg,pgx] [--write]`: runs the drivers' scenarios directly and through Freshet, and compares. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: "string", default: "" }, write: { type: "boolean", default: false } },
  });
  // A whole name means that driver alone.
  const isWhole = (part: string): boolean => drivers.some(({ name }) => name === part);
  const isChosen = ({ name }: Driver): boolean =>
    values.only.split(",").some((part) => (isWhole(part) ? name === part : name.includes(part)));
  const server = await startPostgres({ settings: { synchronous_commit: "on" } });
  const outcomes: DriverOutcome[] = [];
  try {
    for (const driver of drivers) {
      const outcome = isChosen(driver) ? await runDriver(server, driver) : leftOut(driver);
      if (!outcome.leftOut) tell(outcome);
      outcomes.push(outcome);
    }
  } finally {
    await server.stop();
  }
  const page = driversPage(await readDocument("docs/drivers.md"), outcomes);
  if (values.write) await writeFile(documentPath("docs/drivers.md"), page);
  return outcomes.some(hasUnexplained) ? 1 : 0;
}

function hasUnexplained({ driver, differences }: DriverOutcome): boolean {
  return differences.some(({ where, scenario }) => where !== "pooled" || driver.pooled?.has(scenario) !== true);
}

function leftOut(driver: Driver): DriverOutcome {
  const obstacle = "left out of the run that made this page";
  return { driver, obstacle, leftOut: true, scenarios: [], failing: [], differences: [], hits: 0 };
}

function tell({ driver, obstacle, scenarios, failing, differences, hits }: DriverOutcome): void {
  const summary = `${scenarios.length} scenarios, ${differences.length} differences, ${hits} hits`;
  console.log(`${driver.name}: ${obstacle ?? summary}`);
  if (failing.length > 0) console.log(`  failing directly, too: ${failing.join(", ")}`);
  for (const { scenario, where, direct, proxied } of differences)
    console.log(`  ${scenario} ${where}\n    direct:  ${direct.slice(0, 600)}\n    freshet: ${proxied.slice(0, 600)}`);
}

process.exitCode = await main();
