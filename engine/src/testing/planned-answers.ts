import { must } from "@freshet/base";
import { createDatabase, type PostgresServer, startPostgres, type TestDatabase } from "@freshet/postgres";
import { type AnalysisConnection, planStatement } from "@freshet/sql";
import { createCodecs, packRow, unpackRow } from "@freshet/values";
import pg from "pg";
import { ReferenceEvaluator, type ReferenceTable } from "../reference/evaluate-plan.ts";
import { analysisConnection } from "./analysis-connection.ts";

type Rows = (Buffer | null)[][];

/** Each value as printable ASCII and escapes. */
function bag(rows: Rows): readonly string[] {
  return rows
    .map((row) => row.map((value) => (value === null ? "NULL" : JSON.stringify(value.toString("latin1")))).join(" | "))
    .sort();
}

/** A database of PostgreSQL's whose answers are compared with what plans give over the same rows. */
export class PlannedAnswers {
  readonly client: pg.Client;
  readonly #server: PostgresServer;
  readonly #database: TestDatabase;
  readonly #connection: AnalysisConnection;
  readonly #tables: readonly string[];

  private constructor(server: PostgresServer, database: TestDatabase, client: pg.Client, tables: readonly string[]) {
    this.#server = server;
    this.#database = database;
    this.client = client;
    this.#connection = analysisConnection(client);
    this.#tables = tables;
  }

  static async start(schema: string, tables: readonly string[]): Promise<PlannedAnswers> {
    const server = await startPostgres();
    const database = await createDatabase(server);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(schema);
    return new PlannedAnswers(server, database, client, tables);
  }

  async stop(): Promise<void> {
    await this.client.end();
    await this.#database.drop();
    await this.#server.stop();
  }

  /** PostgreSQL's rows as a sorted list, in binary format; "an error" where it fails. */
  async asked(text: string): Promise<readonly string[] | "an error"> {
    try {
      return bag(await this.#rowsOf(text));
    } catch (error) {
      if (error instanceof pg.DatabaseError) return "an error";
      throw error;
    }
  }

  /** The same of the plan. */
  async planned(text: string): Promise<readonly string[] | "an error"> {
    const { plan } = await planStatement(this.#connection, { text, searchPath: ["public"], liftLiterals: false });
    const codecs = createCodecs(plan.types);
    const reference = new ReferenceEvaluator(await this.#readTables(), codecs);
    const rows = reference.evaluate(plan.plan);
    if (reference.errors > 0) return "an error";
    // Behind what is shown come the columns that it is sorted and looked up by.
    return bag(rows.map((row) => [...unpackRow(row).slice(0, plan.result.length)]));
  }

  /** The rows in send format, which the driver itself would take for text. */
  async #rowsOf(text: string): Promise<Rows> {
    const { fields } = await this.client.query(`SELECT * FROM (${text}) AS q LIMIT 0`);
    const oids = fields.map(({ dataTypeID }) => dataTypeID);
    const { rows: senders } = await this.client.query<{ send: string }>(
      "SELECT typsend::text AS send FROM unnest($1::oid[]) WITH ORDINALITY AS o(oid, n) JOIN pg_type t USING (oid) ORDER BY n",
      [oids],
    );
    const sent = senders.map(({ send }, index) => `encode(${send}(c${index}), 'hex')`);
    const names = senders.map((_send, index) => `c${index}`);
    const { rows } = await this.client.query<(string | null)[]>({
      text: `SELECT ${sent.join(", ")} FROM (${text}) AS q(${names.join(", ")})`,
      rowMode: "array",
    });
    return rows.map((row) => row.map((hex) => (hex === null ? null : Buffer.from(hex, "hex"))));
  }

  async #readTables(): Promise<Map<number, ReferenceTable>> {
    const tables = new Map<number, ReferenceTable>();
    for (const name of this.#tables) {
      const { rows } = await this.client.query<{ attribute: number; oid: number }>(
        `SELECT attnum::int4 AS attribute, attrelid::int4 AS oid FROM pg_attribute WHERE attrelid = '${name}'::regclass AND attnum > 0 ORDER BY attnum`,
      );
      tables.set(must(rows[0]).oid, {
        attributes: rows.map(({ attribute }) => attribute),
        rows: (await this.#rowsOf(`SELECT * FROM ${name}`)).map((row) => packRow(row)),
      });
    }
    return tables;
  }
}
