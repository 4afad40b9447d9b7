import type { OptionKind } from "./option-kinds.ts";
import { choiceKind, integerKind, textKind } from "./option-kinds.ts";
import type { OptionSpec, OptionSpecs } from "./options.ts";

/** How server connections are shared between clients; `none`: each client has its own. */
export const poolModes = ["none", "session", "transaction", "statement"] as const;
export type PoolMode = (typeof poolModes)[number];

/** Settings of all pools, by PgBouncer's names (in the file with underscores) and with its meanings. Times are in seconds; 0: no limit. */
export interface PoolOptions {
  readonly poolMode: PoolMode;
  readonly defaultPoolSize: number;
  readonly minPoolSize: number;
  readonly reservePoolSize: number;
  readonly reservePoolTimeout: number;
  readonly maxClientConn: number;
  readonly maxDbConnections: number;
  readonly maxUserConnections: number;
  readonly serverLifetime: number;
  readonly serverIdleTimeout: number;
  readonly serverConnectTimeout: number;
  readonly serverLoginRetry: number;
  readonly serverCheckDelay: number;
  readonly serverCheckQuery: string;
  readonly serverResetQuery: string;
  readonly queryTimeout: number;
  readonly queryWaitTimeout: number;
  readonly clientIdleTimeout: number;
  readonly idleTransactionTimeout: number;
  readonly transactionTimeout: number;
  readonly maxPreparedStatements: number;
  readonly adminDatabase: string;
  readonly adminUsers: string;
  readonly statsUsers: string;
}

/** What one database may have otherwise. */
export interface PoolDatabaseOptions {
  readonly dbname: string | undefined;
  readonly poolMode: PoolMode | undefined;
  readonly poolSize: number | undefined;
  readonly minPoolSize: number | undefined;
  readonly reservePoolSize: number | undefined;
  readonly maxDbConnections: number | undefined;
}

/** What one user may have otherwise. */
export interface PoolUserOptions {
  readonly poolMode: PoolMode | undefined;
  readonly poolSize: number | undefined;
  readonly maxUserConnections: number | undefined;
  readonly queryTimeout: number | undefined;
  readonly idleTransactionTimeout: number | undefined;
}

const connections = (): OptionKind<number> => integerKind({ min: 0, max: 100_000 });
const anyText = (): OptionKind<string> => textKind("TEXT", "a text", /^[^\0]*$/);

/** Seconds, with fractions. */
export function secondsKind(): OptionKind<number> {
  return {
    placeholder: "SECONDS",
    expected: "seconds from 0 to 10000000",
    parse: (text) => {
      const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
      return value <= 10_000_000 ? value : undefined;
    },
    format: String,
  };
}

const seconds = (description: string, value: number): OptionSpec<number> => ({
  kind: secondsKind(),
  description,
  default: value,
});

const count = (description: string, value: number): OptionSpec<number> => ({
  kind: connections(),
  description,
  default: value,
});

const text = (description: string, value: string): OptionSpec<string> => ({
  kind: anyText(),
  description,
  default: value,
});

export const poolOptionSpecs: OptionSpecs<PoolOptions> = {
  poolMode: {
    kind: choiceKind(poolModes),
    description:
      "When a server connection goes back to the pool: when the client leaves, after each transaction, after each statement; none: clients have connections of their own.",
    default: "transaction",
  },
  defaultPoolSize: count("The most server connections per database and user.", 20),
  minPoolSize: count("So many server connections are kept open per pool that has been used.", 0),
  reservePoolSize: count("Further connections for clients that have waited for reserve_pool_timeout.", 0),
  reservePoolTimeout: seconds("How long a client waits before the reserve is opened.", 5),
  maxClientConn: count("The most pooled clients.", 1000),
  maxDbConnections: count("The most server connections per database, over all users; 0: no limit.", 0),
  maxUserConnections: count("The most server connections per user, over all databases; 0: no limit.", 0),
  serverLifetime: seconds("A server connection older than this is closed when it is next unused.", 3600),
  serverIdleTimeout: seconds("A server connection unused for this long is closed; 0: never.", 600),
  serverConnectTimeout: seconds("How long connecting and logging in to the server may take.", 15),
  serverLoginRetry: seconds(
    "After a failed login to the server, clients are told so for this long before it is tried again.",
    15,
  ),
  serverCheckDelay: seconds("A server connection unused for longer is tried out before a client gets it.", 30),
  serverCheckQuery: text("What it is tried out with; empty: an empty query.", ""),
  serverResetQuery: text(
    "Cleans a server connection whose client has left something behind, or in mode session, whose client has left.",
    "DISCARD ALL",
  ),
  queryTimeout: seconds("A statement that takes longer ends its client's connection; 0: no limit.", 0),
  queryWaitTimeout: seconds("A client that waits longer for a server connection is disconnected; 0: no limit.", 120),
  clientIdleTimeout: seconds("A client that sends nothing for longer is disconnected; 0: no limit.", 0),
  idleTransactionTimeout: seconds(
    "A client that leaves a transaction open for longer without a word is disconnected; 0: no limit.",
    0,
  ),
  transactionTimeout: seconds("A client whose transaction takes longer is disconnected; 0: no limit.", 0),
  maxPreparedStatements: {
    kind: integerKind({ min: 1, max: 100_000 }),
    description: "How many statements are kept prepared on one server connection in modes transaction and statement.",
    default: 200,
  },
  adminDatabase: text("The name of the admin console's database.", "freshet"),
  adminUsers: text("Users, separated by commas, that may do everything on the admin console.", ""),
  statsUsers: text("Users, separated by commas, that may look at everything there.", ""),
};

const optional = <T>(kind: OptionKind<T>, description: string): OptionSpec<T | undefined> => ({
  kind: kind as OptionKind<Exclude<T | undefined, undefined>>,
  description,
  optional: true,
});

export const poolDatabaseOptionSpecs: OptionSpecs<PoolDatabaseOptions> = {
  dbname: optional(anyText(), "The database's name on the server, where it is another one."),
  poolMode: optional(choiceKind(poolModes), "pool_mode of this database."),
  poolSize: optional(connections(), "default_pool_size of this database."),
  minPoolSize: optional(connections(), "min_pool_size of this database."),
  reservePoolSize: optional(connections(), "reserve_pool_size of this database."),
  maxDbConnections: optional(connections(), "max_db_connections of this database."),
};

export const poolUserOptionSpecs: OptionSpecs<PoolUserOptions> = {
  poolMode: optional(choiceKind(poolModes), "pool_mode of this user; stronger than the database's."),
  poolSize: optional(connections(), "default_pool_size of this user; stronger than the database's."),
  maxUserConnections: optional(connections(), "max_user_connections of this user."),
  queryTimeout: optional(secondsKind(), "query_timeout of this user."),
  idleTransactionTimeout: optional(secondsKind(), "idle_transaction_timeout of this user."),
};
