import { AssertionError, errorMessage, FreshetError, quoteIdentifier, SHORT_LOCK_WAITS, SqlState } from "@freshet/base";
import type { Duplex } from "node:stream";
import { Client, DatabaseError } from "pg";

const CONNECT_TIMEOUT_MS = 10_000;

/** Where the upstream is: its URL, and what opens a connection where the driver's own socket does not do (TLS). */
export type Upstream = string | { readonly url: string; readonly stream: (() => Duplex) | undefined };

/** Settings of pg.Client for every connection of the replicator. */
export function clientConfig(upstream: Upstream): {
  readonly connectionString: string;
  readonly stream?: () => Duplex;
  readonly connectionTimeoutMillis: number;
  readonly keepAlive: boolean;
  readonly fallback_application_name: string;
} {
  const { url, stream } = typeof upstream === "string" ? { url: upstream, stream: undefined } : upstream;
  return {
    connectionString: url,
    ...(stream === undefined ? {} : { stream }),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    fallback_application_name: "freshet-replicator",
  };
}

/** Opens an ordinary session. Names in answers are qualified, since its search_path is empty. */
export async function openSession(url: Upstream): Promise<Client> {
  const client = await connect(new Client(clientConfig(url)));
  // row_security off: a policy makes COPY fail instead of silently leaving rows out.
  await client.query(
    `SET search_path = ''; SET freshet.internal = 'on'; SET row_security = off; SET jit = off; SET statement_timeout = 0;
     SET idle_in_transaction_session_timeout = 0; ${SHORT_LOCK_WAITS}`,
  );
  return client;
}

/** Opens a session that takes replication commands and simple queries. */
export function openReplicationSession(url: Upstream): Promise<Client> {
  // A setting that pg has and its types lack.
  const config = { ...clientConfig(url), replication: "database" };
  return connect(new Client(config));
}

async function connect(client: Client): Promise<Client> {
  // A lost connection fails the query at hand or the next one; without a listener it would end the process.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Runs `work` in an ordinary session of its own. */
export async function withSession<T>(url: Upstream, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await openSession(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The SQLSTATE of an error of the upstream, or of a FreshetError. */
export function sqlState(thrown: unknown): string | undefined {
  return thrown instanceof DatabaseError || thrown instanceof FreshetError ? thrown.code : undefined;
}

/**
 * True when trying again later can help without anybody mending a configuration: the upstream is
 * unreachable, starting, shutting down or out of connections.
 */
export function isTransient(thrown: unknown): boolean {
  const code = sqlState(thrown);
  if (code === undefined)
    return !(thrown instanceof AssertionError || thrown instanceof TypeError || thrown instanceof RangeError);
  return code.startsWith("08") || code.startsWith("57P0") || code.startsWith("53");
}

/** An error of the upstream as one that a client can be shown; what is neither its nor the network's is XX000. */
export function asFreshetError(thrown: unknown, hint?: string): FreshetError {
  if (thrown instanceof FreshetError) return thrown;
  if (thrown instanceof DatabaseError) {
    return new FreshetError(thrown.code ?? SqlState.internalError, thrown.message, {
      detail: thrown.detail,
      hint: hint ?? thrown.hint,
      cause: thrown,
    });
  }
  if (!isConnectionError(thrown))
    return new FreshetError(SqlState.internalError, errorMessage(thrown), { cause: thrown });
  return new FreshetError(SqlState.connectionFailure, `connection to the upstream failed: ${errorMessage(thrown)}`, {
    hint,
    cause: thrown,
  });
}

/** Node's socket errors have a code; pg's own have only their message. */
function isConnectionError(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return "code" in thrown || /connection|timeout expired/i.test(thrown.message);
}

/** A string constant for replication commands, which take backslashes as they are. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function qualifiedName(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
}
