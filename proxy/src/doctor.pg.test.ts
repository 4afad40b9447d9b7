import { FreshetError } from "@freshet/base";
import type { PostgresServer, TestDatabase } from "@freshet/postgres";
import { createDatabase, startPostgres, withClient } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Finding, examine, formatFindings } from "./doctor.ts";

let server: PostgresServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await startPostgres();
  database = await createDatabase(server);
});
afterAll(async () => {
  await database.drop();
  await server.stop();
});

const failing = (findings: readonly Finding[]): string[] =>
  findings.filter(({ verdict }) => verdict === "wrong").map(({ check }) => check);

test("a good server is found good", async () => {
  const findings = await examine({ connectionString: database.url, stream: undefined }, "freshet", 10_000);
  expect(failing(findings)).toEqual([]);
  expect(formatFindings(findings)).toContain("Freshet can use this server.");
});

test("a role that may nothing is told what it lacks, and how to mend it", async () => {
  await withClient(database, (client) =>
    client.query(`CREATE ROLE "Odd role" LOGIN PASSWORD 'x'; REVOKE TEMPORARY ON DATABASE "${database.database}" FROM PUBLIC;
      CREATE TABLE keyless (id int)`),
  );
  try {
    const url = new URL(database.url);
    url.username = encodeURIComponent("Odd role");
    url.password = "x";
    const findings = await examine({ connectionString: url.href, stream: undefined }, "freshet", 10_000);
    expect(failing(findings)).toEqual([
      "role may replicate",
      "role may create a publication",
      "role may create temporary objects",
    ]);
    const text = formatFindings(findings);
    expect(text).toContain('ALTER ROLE "Odd role" REPLICATION;');
    expect(text).toContain(`GRANT CREATE ON DATABASE "${database.database}" TO "Odd role";`);
    expect(text).toContain("note   tables have a replica identity: not public.keyless");
    expect(text).toContain("3 of");
  } finally {
    await withClient(database, (client) => client.query('DROP ROLE "Odd role"'));
  }
});

test("a server that cannot be reached is an error, not a finding", async () => {
  const url = new URL(database.url);
  url.port = "1";
  await expect(examine({ connectionString: url.href, stream: undefined }, "freshet", 2_000)).rejects.toBeInstanceOf(
    FreshetError,
  );
});
