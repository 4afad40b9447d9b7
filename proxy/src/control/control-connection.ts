import type { Duplex } from "node:stream";
import { FreshetError, SqlState, errorMessage } from "@freshet/base";
import type { AnalysisConnection, DescribedColumn } from "@freshet/sql";
import pg from "pg";
import { DatabaseError } from "pg-protocol";

/** Rows as PostgreSQL's text output. */
export type TextRows = readonly (readonly (string | null)[])[];

export interface ControlConnectionOptions {
  readonly connectionString: string;
  /** Opens what the driver talks on, where its own socket does not do. */
  readonly stream?: (() => Duplex) | undefined;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** Statements that each new connection begins with. */
  readonly prologue?: readonly string[];
  /** How long one use may take before the connection is given up; unlimited when absent. */
  readonly useTimeoutMs?: number;
}

/** How long what is under way may take when a connection is closed. */
const CLOSE_GRACE_MS = 5_000;

/** Compiling the catalog queries takes longer than running them: their recursive parts look expensive to the planner. */
const WITHOUT_JIT = "SET jit TO off";

const rawText = { getTypeParser: () => (value: unknown) => value };

/**
 * One connection of Freshet's own to the upstream, made on first use and again after it broke.
 * Uses of it are serialised: `exclusive` has it alone until its body is done.
 */
export class ControlConnection {
  readonly #options: ControlConnectionOptions;
  #client: pg.Client | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: ControlConnectionOptions) {
    this.#options = options;
  }

  /** Runs `body` with the connection to itself. Rejects with a FreshetError when the upstream cannot be reached. */
  exclusive<T>(body: (connection: AnalysisConnection) => Promise<T>): Promise<T> {
    return this.withClient((client) => body(new ClientConnection(client)));
  }

  /** The same, on the driver's client. */
  withClient<T>(body: (client: pg.Client) => Promise<T>): Promise<T> {
    const run = this.#tail.then(async () => this.#bounded(await this.#connect(), body));
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /** A server that does not answer must not hold up whoever comes next: the connection goes, and its queries with it. */
  async #bounded<T>(client: pg.Client, body: (client: pg.Client) => Promise<T>): Promise<T> {
    const { useTimeoutMs } = this.#options;
    if (useTimeoutMs === undefined) return body(client);
    const timer = setTimeout(() => disconnect(client), useTimeoutMs);
    try {
      return await body(client);
    } finally {
      clearTimeout(timer);
    }
  }

  query(sql: string): Promise<TextRows> {
    return this.exclusive((connection) => connection.query(sql));
  }

  /** Runs statements of one transaction, from BEGIN to its end, and gives the rows of those that have some; after an error the transaction is over. */
  run(statements: readonly string[]): Promise<TextRows> {
    return this.exclusive(async (connection) => {
      const rows: (readonly (string | null)[])[] = [];
      try {
        for (const statement of statements) rows.push(...(await connection.query(statement)));
      } catch (thrown) {
        await connection.query("ROLLBACK");
        throw thrown;
      }
      return rows;
    });
  }

  /** Lets uses end for `graceMs`, then ends the connection under them; later uses are refused. */
  async close(graceMs: number = CLOSE_GRACE_MS): Promise<void> {
    this.#closed = true;
    let client: pg.Client | null = null;
    const timer = setTimeout(() => {
      const last = this.#client ?? client;
      if (last !== null) disconnect(last);
    }, graceMs);
    await this.#tail;
    client = this.#client;
    this.#client = null;
    await client?.end();
    clearTimeout(timer);
  }

  async #connect(): Promise<pg.Client> {
    if (this.#closed) throw new FreshetError(SqlState.cannotConnectNow, "Freshet is shutting down");
    if (this.#client !== null) return this.#client;
    const client = new pg.Client({
      connectionString: this.#options.connectionString,
      ...(this.#options.stream === undefined ? {} : { stream: this.#options.stream }),
      application_name: this.#options.applicationName,
      connectionTimeoutMillis: this.#options.connectTimeoutMs,
      keepAlive: true,
    });
    const forget = (): void => {
      if (this.#client === client) this.#client = null;
    };
    client.on("error", forget);
    client.on("end", forget);
    try {
      await client.connect();
      for (const statement of [WITHOUT_JIT, ...(this.#options.prologue ?? [])]) await client.query(statement);
    } catch (thrown) {
      disconnect(client);
      throw upstreamError(thrown);
    }
    if (this.#closed) {
      disconnect(client);
      throw new FreshetError(SqlState.cannotConnectNow, "Freshet is shutting down");
    }
    this.#client = client;
    return client;
  }
}

/** Ends the connection at once, whatever it is doing: its queries are rejected. */
function disconnect(client: pg.Client): void {
  client.connection.stream.destroy();
}

/** AnalysisConnection over the driver. */
class ClientConnection implements AnalysisConnection {
  readonly #client: pg.Client;

  constructor(client: pg.Client) {
    this.#client = client;
  }

  async query(sql: string): Promise<TextRows> {
    return queryText(this.#client, sql);
  }

  describe(
    sql: string,
  ): Promise<{ readonly parameters: readonly number[]; readonly columns: readonly DescribedColumn[] }> {
    return new Promise((resolve, reject) => {
      this.#client.query(new DescribeQuery(sql, resolve, (error) => reject(upstreamError(error))));
    });
  }
}

/** Runs one statement by the simple protocol; values stay text. */
export async function queryText(client: pg.Client, sql: string): Promise<TextRows> {
  try {
    const result = await client.query<(string | null)[]>({ text: sql, rowMode: "array", types: rawText });
    return result.rows;
  } catch (thrown) {
    throw upstreamError(thrown);
  }
}

/** Runs one statement and tells how many rows it inserted, changed or removed. */
export async function affectedRows(client: pg.Client, sql: string): Promise<number> {
  try {
    return (await client.query(sql)).rowCount ?? 0;
  } catch (thrown) {
    throw upstreamError(thrown);
  }
}

interface FieldMessage {
  readonly fields: readonly {
    readonly name: string;
    readonly tableID: number;
    readonly columnID: number;
    readonly dataTypeID: number;
    readonly dataTypeSize: number;
    readonly dataTypeModifier: number;
  }[];
}

/** Parse + Describe + Sync as the driver's Submittable: nothing is executed. */
class DescribeQuery {
  readonly #sql: string;
  readonly #resolve: (described: { parameters: readonly number[]; columns: readonly DescribedColumn[] }) => void;
  readonly #reject: (error: unknown) => void;
  #parameters: readonly number[] = [];
  #columns: readonly DescribedColumn[] = [];
  #connection: pg.Connection | null = null;

  constructor(
    sql: string,
    resolve: (described: { parameters: readonly number[]; columns: readonly DescribedColumn[] }) => void,
    reject: (error: unknown) => void,
  ) {
    this.#sql = sql;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  readonly #onParameters = (message: { dataTypeIDs: number[] }): void => {
    this.#parameters = [...message.dataTypeIDs];
  };

  submit(connection: pg.Connection): void {
    this.#connection = connection;
    connection.once("parameterDescription", this.#onParameters);
    connection.parse({ text: this.#sql, name: "", types: [] }, true);
    connection.describe({ type: "S", name: "" }, true);
    connection.sync();
  }

  handleRowDescription(message: FieldMessage): void {
    this.#columns = message.fields.map((field) => ({
      name: field.name,
      tableOid: field.tableID,
      attribute: field.columnID,
      typeOid: field.dataTypeID,
      typeLength: field.dataTypeSize,
      typmod: field.dataTypeModifier,
      collation: 0,
    }));
  }

  /** Also called when the connection breaks, after which no ReadyForQuery comes. */
  handleError(error: unknown): void {
    this.#connection?.removeListener("parameterDescription", this.#onParameters);
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#connection?.removeListener("parameterDescription", this.#onParameters);
    this.#resolve({ parameters: this.#parameters, columns: this.#columns });
  }
}

/** Turns the driver's error into a FreshetError that keeps the upstream's fields. */
export function upstreamError(thrown: unknown): FreshetError {
  if (thrown instanceof FreshetError) return thrown;
  if (!(thrown instanceof DatabaseError) || thrown.code === undefined) {
    return new FreshetError(SqlState.cannotConnect, "the upstream PostgreSQL server cannot be reached", {
      detail: errorMessage(thrown),
      hint: "Check that the server runs and that Freshet's --upstream URL is right.",
      cause: thrown,
    });
  }
  return new FreshetError(thrown.code, thrown.message, {
    detail: thrown.detail,
    hint: thrown.hint,
    position: thrown.position === undefined ? undefined : Number(thrown.position),
    cause: thrown,
  });
}
