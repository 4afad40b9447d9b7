import { randomBytes } from "node:crypto";
import pg from "pg";
import { connectionUrl } from "./server.ts";
import type { Connection } from "./server.ts";

/** A database made for one test file on a server that it shares with others. */
export interface TestDatabase extends Connection {
  readonly url: string;
  /** Removes the database with its replication slots and ends whoever is still connected. */
  drop(): Promise<void>;
}

/** A new empty database on `server`, with a random name unless one is given. */
export async function createDatabase(server: Connection, name: string = randomDatabaseName()): Promise<TestDatabase> {
  await withClient(server, (client) => client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE template0`));
  const { host, port, user, password } = server;
  const connection = { host, port, user, password, database: name };
  return { ...connection, url: connectionUrl(connection), drop: () => dropDatabase(server, name) };
}

/** Creates `name` on `server` unless it exists. */
export async function ensureDatabase(server: Connection, name: string): Promise<void> {
  await withClient(server, async (client) => {
    const found = await client.query("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  });
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(connection: Connection, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { host, port, user, password, database } = connection;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function randomDatabaseName(): string {
  return `freshet_test_${randomBytes(6).toString("hex")}`;
}

/** PostgreSQL refuses to drop a database that has a replication slot, so the slots go first. */
async function dropDatabase(server: Connection, name: string): Promise<void> {
  await withClient(server, async (client) => {
    await client.query(
      `SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots
       WHERE database = $1 AND active_pid IS NOT NULL`,
      [name],
    );
    await client.query(
      "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1 AND NOT active",
      [name],
    );
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  });
}
