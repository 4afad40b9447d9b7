import { readFile } from "node:fs/promises";
import process from "node:process";
import {
  environment,
  errorMessage,
  firstHostUrl,
  formatAddress,
  FreshetError,
  optionVariable,
  readFreshetCommandLine,
} from "@freshet/base";
import type { FreshetOptions } from "@freshet/base";
import { persistentFolder, startPostgres, withClient } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { startFreshet } from "./freshet.ts";

/**
 * `npm start`: Freshet in front of the server that --upstream names or, without one, of an embedded PostgreSQL with
 * the demo shop.
 */

/** Stands for "nobody named an upstream" until the embedded server has its port. */
const embeddedUpstream = "postgres://embedded";
const demoData = ".freshet/demo-data";
const demoPostgres = ".freshet/demo-postgres";
const shopScript = new URL("../demo/shop.sql", import.meta.url);

interface Running {
  stop(): Promise<void>;
}

async function main(): Promise<void> {
  const invocation = readFreshetCommandLine({
    argv: process.argv.slice(2),
    defaults: { upstream: embeddedUpstream, data: demoData },
  });
  if (invocation.kind === "text") {
    process.stdout.write(invocation.text);
    return;
  }
  if (invocation.command !== "") {
    throw new FreshetError("22023", `npm start cannot run "${invocation.command}"`, {
      hint: `Run npx freshet ${invocation.command} --upstream URL.`,
    });
  }
  const { values, sources } = invocation;
  const running: Running[] = [];
  stopOnSignals(running);
  try {
    if (sources.upstream !== "default") await startInFront(running, withOwnData(values, sources.data), undefined);
    else await startDemo(running, values);
  } catch (error) {
    await stopAll(running);
    throw error;
  }
}

/** State kept for the demo's server is of no use in front of another one. */
function withOwnData(options: FreshetOptions, source: string): FreshetOptions {
  return source === "default" ? { ...options, data: ".freshet/data" } : options;
}

async function startDemo(running: Running[], options: FreshetOptions): Promise<void> {
  say(`Starting PostgreSQL 18 with the demo shop (data in ${persistentFolder(demoPostgres)}) ...`);
  const server = await startPostgres({
    dataDir: persistentFolder(demoPostgres),
    persistent: true,
    database: "shop",
  });
  running.push(server);
  await loadShop(server);
  await startInFront(running, { ...options, upstream: server.url }, server);
}

/** Loads the shop once, in one transaction. */
async function loadShop(server: PostgresServer): Promise<void> {
  const script = await readFile(shopScript, "utf8");
  await withClient(server, async (client) => {
    const found = await client.query("SELECT 1 FROM pg_catalog.pg_class WHERE oid = to_regclass('public.reviews')");
    if (found.rowCount !== 0) return;
    say("Loading the demo shop: 100,000 orders ...");
    await client.query("BEGIN");
    await client.query(script);
    await client.query("COMMIT");
    await client.query("VACUUM ANALYZE");
  });
}

async function startInFront(
  running: Running[],
  options: FreshetOptions,
  demo: PostgresServer | undefined,
): Promise<void> {
  const freshet = await startFreshet(options);
  running.push(freshet);
  say(welcome(proxyUrl(options.upstream, freshet.listen), formatAddress(freshet.admin), demo));
}

/** Upstream's URL with the proxy's address: what the application's connection string becomes. */
function proxyUrl(upstream: string, listen: { readonly host: string; readonly port: number }): string {
  const url = new URL(firstHostUrl(upstream));
  const everywhere = listen.host === "0.0.0.0" || listen.host === "::";
  url.host = formatAddress(everywhere ? { host: "127.0.0.1", port: listen.port } : listen);
  return url.href;
}

function welcome(url: string, admin: string, demo: PostgresServer | undefined): string {
  const lines = ["", "Freshet is ready.", ""];
  if (demo === undefined) {
    const hidden = new URL(url);
    if (hidden.password !== "") hidden.password = "PASSWORD";
    lines.push(`  connection string   ${hidden.href}`, `  admin               http://${admin}/metrics`);
  } else {
    lines.push(
      `  connection string   ${url}`,
      `  PostgreSQL itself   ${demo.url}`,
      `  admin               http://${admin}/metrics  (/healthz, /readyz)`,
      "",
      "Three commands to try:",
      `  psql ${url} -c "CREATE CACHE revenue FROM ${revenue}"`,
      `  psql ${url} -c "${revenue}" -c "EXPLAIN LAST STATEMENT"`,
      `  psql ${url} -c "UPDATE orders SET shipping = shipping + 1000 WHERE id = 1" -c "${revenue}" -c "SHOW CACHES"`,
    );
  }
  lines.push("", "Ctrl-C stops all of it.");
  return lines.join("\n");
}

const revenue =
  "SELECT region, count(*), sum(shipping) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY region";

/** The first SIGINT or SIGTERM stops everything in order; npm and the terminal may both send one. */
function stopOnSignals(running: Running[]): void {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) return;
    stopping = true;
    say("Stopping ...");
    stopAll(running).then(() => process.exit(0), fail);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}

/** In reverse order: whoever was started last depends on the others. */
async function stopAll(running: Running[]): Promise<void> {
  for (let next = running.pop(); next !== undefined; next = running.pop()) await next.stop();
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(error: unknown): void {
  const lines = [`freshet: ${errorMessage(error)}`];
  if (error instanceof FreshetError) {
    if (error.detail !== undefined) lines.push(`Detail: ${error.detail}`);
    if (error.hint !== undefined) lines.push(`Hint: ${error.hint}`);
  } else if (error instanceof Error && environment()[optionVariable("logLevel")] === "debug") {
    lines.push(error.stack ?? "");
  }
  process.stderr.write(`${lines.join("\n")}\n`);
  process.exit(1);
}

await main().catch(fail);
