/** Where a PostgreSQL server is and how to log in there. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A running server that the caller owns: it must be stopped, and takes its data with it unless it is persistent. */
export interface PostgresServer extends Connection {
  readonly url: string;
  /** The variables that make psql, pgbench and libpq connect here. */
  readonly psqlEnv: Readonly<Record<string, string>>;
  /** True when the data directory was made by this start. */
  readonly fresh: boolean;
  /** Ends the server (and deletes its data unless persistent). Calling it again does nothing. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Server settings (postgresql.conf) beyond those that logical replication needs. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the embedded server keeps its data; default: a new temporary folder. */
  readonly dataDir?: string;
  /** Default: a free port below the range that the system hands to outgoing connections. */
  readonly port?: number;
  /** Keep the data when the server stops, and flush it to disk. Default false. */
  readonly persistent?: boolean;
  /** The folder of an installed server's programs, for a test that needs that very release. */
  readonly programs?: string;
  /** Created if missing. Default `postgres`. */
  readonly database?: string;
}

/** What every server is started with, so that Freshet can replicate from it. */
export const replicationSettings: Readonly<Record<string, string>> = {
  wal_level: "logical",
  max_replication_slots: "20",
  max_wal_senders: "20",
};

/** What a server may be started with whose data nobody will miss. */
export const unsafeSettings: Readonly<Record<string, string>> = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
};

/** The postgres:// URL of `connection`. */
export function connectionUrl(connection: Connection): string {
  const { user, password, host, port, database } = connection;
  const name = host.includes(":") ? `[${host}]` : host;
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return `postgres://${login}@${name}:${port}/${encodeURIComponent(database)}`;
}

/** Completes a connection to a server handle. `stop` is run at most once. */
export function serverHandle(connection: Connection, fresh: boolean, stop: () => Promise<void>): PostgresServer {
  let stopping: Promise<void> | undefined;
  return {
    ...connection,
    url: connectionUrl(connection),
    psqlEnv: {
      PGHOST: connection.host,
      PGPORT: String(connection.port),
      PGUSER: connection.user,
      PGPASSWORD: connection.password,
      PGDATABASE: connection.database,
    },
    fresh,
    stop: () => (stopping ??= stop()),
  };
}
