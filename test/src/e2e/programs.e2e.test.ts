import { spawn } from "node:child_process";
import { once } from "node:events";
import { environment } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminStatus, cacheNamed, until, withText } from "../faults/support.ts";
import { FreshetProcess } from "../harness/freshet-process.ts";

let server: PostgresServer;
let freshet: FreshetProcess;

beforeAll(async () => {
  server = await startPostgres();
  freshet = await FreshetProcess.start({ upstream: server, instance: "programs" });
  await until("it is ready", async () =>
    (await adminStatus(freshet.adminUrl, "/readyz")).status === 200 ? true : undefined,
  );
});

afterAll(async () => {
  await freshet.remove();
  await server.stop();
});

/** Runs one of PostgreSQL's own programs against the proxy and returns what it says; it must succeed. */
async function run(command: string, args: readonly string[], input = ""): Promise<string> {
  const env = { ...environment(), ...server.psqlEnv, PGPORT: String(freshet.connection.port), PGHOST: "127.0.0.1" };
  const child = spawn(command, [...args], { env });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  const [code]: unknown[] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}:\n${output}`);
  return output;
}

test("a session in psql: miss, CREATE CACHE, hit, write, the new answer from the cache", async () => {
  const query =
    "SELECT c.region, sum(o.amount) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.region ORDER BY c.region;";
  const script = `
CREATE TABLE customers (id int PRIMARY KEY, region text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, amount numeric(10,2) NOT NULL);
INSERT INTO customers VALUES (1, 'north'), (2, 'south');
INSERT INTO orders VALUES (1, 1, 10.50), (2, 2, 20.25), (3, 1, 0.25);
${query}
EXPLAIN LAST STATEMENT;
CREATE CACHE revenue FROM ${query}
SELECT pg_sleep(1);
${query}
EXPLAIN LAST STATEMENT;
INSERT INTO orders VALUES (4, 2, 100);
SELECT pg_sleep(1);
${query}
EXPLAIN LAST STATEMENT;
DROP CACHE revenue;
`;
  const output = await run("psql", ["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1"], script);
  const lines = output.split("\n").filter((line) => line !== "");
  const wanted = [
    /^CREATE TABLE$/,
    /^CREATE TABLE$/,
    /^INSERT 0 2$/,
    /^INSERT 0 3$/,
    /^north\|10\.75$/,
    /^south\|20\.25$/,
    /^upstream\|no_cache/,
    /^CREATE CACHE$/,
    /^north\|10\.75$/,
    /^south\|20\.25$/,
    /^cache\|hit\|revenue\|[0-9A-F]+\/[0-9A-F]+\|$/,
    /^INSERT 0 1$/,
    /^north\|10\.75$/,
    /^south\|120\.25$/,
    /^cache\|hit\|revenue\|/,
    /^DROP CACHE$/,
  ];
  const told = lines.filter((line) => !line.startsWith("NOTICE"));
  expect(told).toHaveLength(wanted.length);
  wanted.forEach((pattern, index) => expect(told[index]).toMatch(pattern));
  expect(output).toMatch(/^NOTICE: +copied table "public"."orders": 3 rows$/m);
});

test("psql's own queries about the catalog work through the proxy", async () => {
  const output = await run(
    "psql",
    ["-X", "-v", "ON_ERROR_STOP=1"],
    "\\d customers\n\\dt\n\\conninfo\n\\copy customers TO STDOUT\n",
  );
  expect(output).toContain('"customers_pkey" PRIMARY KEY');
  expect(output).toContain("1\tnorth");
});

test("pgbench -S in its three protocols is answered from a cache", async () => {
  await run("pgbench", ["-i", "-s", "1", "-q"]);
  await withText(freshet.connection, async (proxied) => {
    await proxied.rows("CREATE CACHE balances FROM SELECT abalance FROM pgbench_accounts WHERE aid = 1");
    for (const protocol of ["simple", "extended", "prepared"]) {
      const before = Number((await cacheNamed(proxied, "balances"))?.["hits"]);
      const output = await run("pgbench", ["-S", "-n", "-c", "4", "-j", "1", "-t", "200", "-M", protocol]);
      expect(output).toContain("number of transactions actually processed: 800/800");
      expect(output).toContain("number of failed transactions: 0");
      const after = Number((await cacheNamed(proxied, "balances"))?.["hits"]);
      expect([protocol, after - before]).toEqual([protocol, 800]);
    }
    const mixed = await run("pgbench", ["-n", "-c", "4", "-j", "1", "-t", "25", "-M", "prepared"]);
    expect(mixed).toContain("number of transactions actually processed: 100/100");
  });
});
