import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { textRows } from "../harness/raw-client.ts";
import { lastStatement } from "../oracle/ask.ts";
import { startOracleServer } from "../oracle/oracle-server.ts";
import { OracleSession } from "../oracle/oracle-session.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startOracleServer();
});

afterAll(async () => {
  await server.stop();
});

test("state in another release's format is not read: the caches are built anew under their names", async () => {
  const session = await OracleSession.start(server, [
    "CREATE TABLE t (id int PRIMARY KEY, n int)",
    "INSERT INTO t SELECT g, g % 3 FROM generate_series(1, 100) g",
  ]);
  const query = "SELECT n, count(*) FROM t GROUP BY n ORDER BY n";
  try {
    await session.proxied.simple(`CREATE CACHE counts FROM ${query}`);
    await session.freshet.terminate();
    await writeFile(path.join(session.freshet.dataDirectory, "store", "format"), "0\n");
    await session.writer.query("INSERT INTO t VALUES (101, 0)");
    await session.restart("restart");
    expect(textRows(await session.proxied.simple(query))).toEqual([
      ["0", "34"],
      ["1", "34"],
      ["2", "33"],
    ]);
    expect(await lastStatement(session.proxied)).toMatchObject({ destination: "cache", cache: "counts" });
  } finally {
    await session.stop();
  }
});
