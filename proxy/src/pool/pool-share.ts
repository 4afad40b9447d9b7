import type { PoolConfiguration } from "@freshet/base";

/** Which of several processes that divide limits among them. */
export interface Share {
  readonly processes: number;
  /** From 0. */
  readonly process: number;
}

/** A process's part of a limit; the parts of all are the limit, unless there are fewer than processes: each has one then. 0 stays what it means. */
export function shareOf(limit: number, { processes, process }: Share): number {
  return limit === 0 ? 0 : Math.max(1, sharedOut(limit, { processes, process }));
}

/** The same of what a process may have none of. */
function sharedOut(limit: number, { processes, process }: Share): number {
  return Math.floor(limit / processes) + (process < limit % processes ? 1 : 0);
}

/** The settings for one process. Limits of clients and connections are divided, times and modes are not. */
export function sharedConfiguration(configuration: PoolConfiguration, share: Share): PoolConfiguration {
  if (share.processes === 1) return configuration;
  const { options, databases, users } = configuration;
  const part = (limit: number): number => shareOf(limit, share);
  const perhaps = (limit: number | undefined): number | undefined => (limit === undefined ? undefined : part(limit));
  const few = (limit: number | undefined): number | undefined =>
    limit === undefined ? undefined : sharedOut(limit, share);
  return {
    options: {
      ...options,
      defaultPoolSize: part(options.defaultPoolSize),
      minPoolSize: sharedOut(options.minPoolSize, share),
      reservePoolSize: sharedOut(options.reservePoolSize, share),
      maxClientConn: part(options.maxClientConn),
      maxDbConnections: part(options.maxDbConnections),
      maxUserConnections: part(options.maxUserConnections),
    },
    databases: mapValues(databases, (database) => ({
      ...database,
      poolSize: perhaps(database.poolSize),
      minPoolSize: few(database.minPoolSize),
      reservePoolSize: few(database.reservePoolSize),
      maxDbConnections: perhaps(database.maxDbConnections),
    })),
    users: mapValues(users, (user) => ({
      ...user,
      poolSize: perhaps(user.poolSize),
      maxUserConnections: perhaps(user.maxUserConnections),
    })),
  };
}

function mapValues<T>(map: ReadonlyMap<string, T>, change: (value: T) => T): ReadonlyMap<string, T> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}
