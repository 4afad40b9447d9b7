import type { Connection } from "@freshet/postgres";
import pg from "pg";

const rawText = { getTypeParser: () => (value: unknown) => value };

/** A session for everything that is not measured. Values come as PostgreSQL's text. */
export class SqlClient {
  readonly #client: pg.Client;
  #failure: Error | null = null;

  constructor(client: pg.Client) {
    this.#client = client;
    // A connection that broke shows in its next statement.
    client.on("error", (error) => {
      this.#failure = error;
    });
  }

  async rows(text: string, values: readonly string[] = []): Promise<(string | null)[][]> {
    if (this.#failure !== null) throw this.#failure;
    const config = { text, types: rawText, rowMode: "array" as const };
    const result = await this.#client.query<(string | null)[]>(
      values.length === 0 ? config : { ...config, values: [...values] },
    );
    return result.rows;
  }

  async run(text: string): Promise<void> {
    await this.rows(text);
  }

  /** The only value of the only row. */
  async value(text: string): Promise<string> {
    const value = (await this.rows(text))[0]?.[0];
    if (value === undefined || value === null) throw new Error(`no value: ${text}`);
    return value;
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}

export async function openSql({ host, port, user, password, database }: Connection): Promise<SqlClient> {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  return new SqlClient(client);
}
