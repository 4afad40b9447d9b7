import type { PoolConfiguration, PoolMode } from "@freshet/base";

/** The settings that hold for one pool; times in ms, 0: no limit. */
export interface PoolLimits {
  readonly mode: PoolMode;
  readonly poolSize: number;
  readonly minPoolSize: number;
  readonly reserveSize: number;
  readonly reserveTimeoutMs: number;
  readonly maxDbConnections: number;
  readonly maxUserConnections: number;
  readonly lifetimeMs: number;
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly loginRetryMs: number;
  readonly checkDelayMs: number;
  readonly checkQuery: string;
  readonly resetQuery: string;
  readonly queryTimeoutMs: number;
  readonly queryWaitTimeoutMs: number;
  readonly clientIdleTimeoutMs: number;
  readonly idleTransactionTimeoutMs: number;
  readonly transactionTimeoutMs: number;
  readonly maxPreparedStatements: number;
}

const ms = (seconds: number): number => seconds * 1000;

/** What is said of the user beats what is said of the database, which beats what is said of all. */
export function poolLimits(
  { options, databases, users }: PoolConfiguration,
  database: string,
  user: string,
): PoolLimits {
  const ofDatabase = databases.get(database);
  const ofUser = users.get(user);
  return {
    mode: ofUser?.poolMode ?? ofDatabase?.poolMode ?? options.poolMode,
    poolSize: Math.max(1, ofUser?.poolSize ?? ofDatabase?.poolSize ?? options.defaultPoolSize),
    minPoolSize: ofDatabase?.minPoolSize ?? options.minPoolSize,
    reserveSize: ofDatabase?.reservePoolSize ?? options.reservePoolSize,
    reserveTimeoutMs: ms(options.reservePoolTimeout),
    maxDbConnections: ofDatabase?.maxDbConnections ?? options.maxDbConnections,
    maxUserConnections: ofUser?.maxUserConnections ?? options.maxUserConnections,
    lifetimeMs: ms(options.serverLifetime),
    idleTimeoutMs: ms(options.serverIdleTimeout),
    connectTimeoutMs: ms(options.serverConnectTimeout),
    loginRetryMs: ms(options.serverLoginRetry),
    checkDelayMs: ms(options.serverCheckDelay),
    checkQuery: options.serverCheckQuery,
    resetQuery: options.serverResetQuery,
    queryTimeoutMs: ms(ofUser?.queryTimeout ?? options.queryTimeout),
    queryWaitTimeoutMs: ms(options.queryWaitTimeout),
    clientIdleTimeoutMs: ms(options.clientIdleTimeout),
    idleTransactionTimeoutMs: ms(ofUser?.idleTransactionTimeout ?? options.idleTransactionTimeout),
    transactionTimeoutMs: ms(options.transactionTimeout),
    maxPreparedStatements: options.maxPreparedStatements,
  };
}
