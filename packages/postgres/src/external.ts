import pg from "pg";
import { createDatabase, withClient } from "./database.ts";
import { replicationSettings, serverHandle } from "./server.ts";
import type { Connection, PostgresOptions, PostgresServer } from "./server.ts";

/**
 * A new database on the server at `url`, dropped at stop. Settings that this server does not already have are set for
 * that database; one that cannot be changed so is refused by the server.
 */
export async function useExternal(url: string, options: PostgresOptions): Promise<PostgresServer> {
  const server = parseUrl(url);
  const database = await createDatabase(server, options.database);
  try {
    await withClient(database, (client) => applySettings(client, database.database, options.settings ?? {}));
  } catch (error) {
    await database.drop();
    throw error;
  }
  return serverHandle(database, true, () => database.drop());
}

async function applySettings(
  client: pg.Client,
  database: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const level = await client.query<{ wal_level: string }>("SHOW wal_level");
  if (level.rows[0]?.wal_level !== replicationSettings["wal_level"]) {
    throw new Error("the server of FRESHET_TEST_POSTGRES_URL must run with wal_level=logical");
  }
  for (const [name, value] of Object.entries(settings)) {
    const current = await client.query<{ value: string }>("SELECT current_setting($1) AS value", [name]);
    if (current.rows[0]?.value === value) continue;
    const assignment = `${pg.escapeIdentifier(name)} = ${pg.escapeLiteral(value)}`;
    await client.query(`ALTER DATABASE ${pg.escapeIdentifier(database)} SET ${assignment}`);
  }
}

function parseUrl(text: string): Connection {
  const url = new URL(text);
  const path = decodeURIComponent(url.pathname.slice(1));
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 5432 : Number(url.port),
    user: url.username === "" ? "postgres" : decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: path === "" ? "postgres" : path,
  };
}
