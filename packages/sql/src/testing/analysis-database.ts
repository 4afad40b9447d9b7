import { createDatabase, type PostgresServer, startPostgres, type TestDatabase } from "@freshet/postgres";
import pg from "pg";
import type { AnalysisConnection } from "../analysis/analysis-connection.ts";
import { pgAnalysisConnection } from "./pg-analysis-connection.ts";

/** A database of its own with a schema, and a connection that statements are analysed on. */
export class AnalysisDatabase {
  readonly server: PostgresServer;
  readonly client: pg.Client;
  readonly connection: AnalysisConnection;
  readonly #database: TestDatabase;

  private constructor(server: PostgresServer, database: TestDatabase, client: pg.Client) {
    this.server = server;
    this.client = client;
    this.connection = pgAnalysisConnection(client);
    this.#database = database;
  }

  static async start(schema: string): Promise<AnalysisDatabase> {
    const server = await startPostgres();
    const database = await createDatabase(server);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(schema);
    return new AnalysisDatabase(server, database, client);
  }

  /** Names of relations and types by OID. */
  async names(): Promise<ReadonlyMap<number, string>> {
    const rows = await this.connection.query(
      "SELECT oid, relname FROM pg_class UNION ALL SELECT oid, typname FROM pg_type",
    );
    return new Map(rows.map((row) => [Number(row[0]), row[1] ?? ""]));
  }

  /** Drops the database; `roles` are the roles that its schema made. */
  async stop(roles: readonly string[] = []): Promise<void> {
    await this.client.end();
    await this.#database.drop();
    const owner = new pg.Client({ connectionString: this.server.url });
    await owner.connect();
    for (const role of roles) await owner.query(`DROP ROLE ${role}`);
    await owner.end();
    await this.server.stop();
  }
}
