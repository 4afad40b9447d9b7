import {
  type PoolOptions,
  isoTime,
  memoryUsage,
  now,
  optionKeys,
  poolOptionName,
  poolOptionSpecs,
} from "@freshet/base";
import { formatLsn } from "@freshet/values";
import type { Pools } from "../pool/pools.ts";

/** What a SHOW of the admin console answers; everything is text. */
export interface ConsoleTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

type Row = Readonly<Record<string, string | number | null>>;

const VERSION = "0.1.0";

/** By the word behind SHOW, upper case. */
export const CONSOLE_TABLES: Readonly<Record<string, (pools: Pools) => ConsoleTable>> = {
  POOLS: (pools) =>
    table(
      [
        "database",
        "user",
        "cl_active",
        "cl_waiting",
        "sv_active",
        "sv_idle",
        "sv_login",
        "maxwait_us",
        "pool_mode",
        "paused",
        "replica",
      ],
      [...pools.all, ...pools.ofReplicas].map((pool) => ({
        database: pool.database,
        user: pool.user,
        cl_active:
          pool.replica === null
            ? [...pools.seats].filter((seat) => seat.pool === pool).length - pool.waiting
            : pool.active.size,
        cl_waiting: pool.waiting,
        sv_active: pool.active.size,
        sv_idle: pool.idle.length,
        sv_login: pool.opening,
        maxwait_us: Math.round(pool.longestWait * 1000),
        pool_mode: pools.limits(pool.database, pool.user).mode,
        paused: pool.paused ? 1 : 0,
        replica: pool.replica,
      })),
    ),
  CLIENTS: (pools) =>
    table(
      [
        "id",
        "user",
        "database",
        "state",
        "addr",
        "application_name",
        "connect_time",
        "wait_us",
        "server_pid",
        "pinned",
      ],
      [...pools.seats].map((seat) => {
        const { identity, session, server } = seat;
        const activity = session?.activity();
        return {
          id: identity.id,
          user: identity.user,
          database: identity.database,
          state: activity?.state ?? "login",
          addr: identity.address,
          application_name: identity.applicationName,
          connect_time: isoTime(identity.connectedAt),
          wait_us: activity?.state === "waiting" ? Math.round((now() - activity.since) * 1000) : 0,
          server_pid: server?.processId ?? null,
          pinned: activity === undefined || activity.pins.length === 0 ? null : activity.pins.join(", "),
        };
      }),
    ),
  SERVERS: (pools) =>
    table(
      ["user", "database", "state", "pid", "age_s", "idle_s", "prepared_statements", "startup_parameters", "replica"],
      [...pools.all, ...pools.ofReplicas].flatMap((pool) => {
        const { user, database } = pool;
        const all = [
          ...[...pool.active.keys()].map((server) => ["active", server] as const),
          ...pool.idle.map((server) => ["idle", server] as const),
        ];
        return all.map(([state, server]) => ({
          user,
          database,
          state,
          pid: server.processId,
          age_s: Math.round((now() - server.openedAt) / 1000),
          idle_s: state === "idle" ? Math.round((now() - server.usedAt) / 1000) : 0,
          prepared_statements: server.statements.size,
          startup_parameters: server.startupKey,
          replica: pool.replica,
        }));
      }),
    ),
  REPLICAS: ({ replicas }) =>
    table(
      ["name", "usable", "reason", "replay_lsn", "timeline", "lag_ms", "latency_us", "active", "reads", "retries"],
      (replicas?.all ?? []).map((replica) => {
        const reason = replicas?.obstacle(replica) ?? null;
        const lag = replicas?.lagMs(replica) ?? null;
        return {
          name: replica.name,
          usable: reason === null ? 1 : 0,
          reason,
          replay_lsn: replica.replayed === null ? null : formatLsn(replica.replayed),
          timeline: replica.position?.timeline ?? null,
          lag_ms: lag === null ? null : Math.round(lag),
          latency_us: replica.latencyMs === null ? null : Math.round(replica.latencyMs * 1000),
          active: replica.active,
          reads: replica.reads,
          retries: replica.retries,
        };
      }),
    ),
  STATS: (pools) =>
    table(
      [
        "database",
        "user",
        "total_xact_count",
        "total_query_count",
        "total_received",
        "total_sent",
        "total_xact_time",
        "total_query_time",
        "total_wait_time",
      ],
      pools.all.map(({ database, user, statistics }) => ({
        database,
        user,
        total_xact_count: statistics.transactions,
        total_query_count: statistics.queries,
        total_received: statistics.received,
        total_sent: statistics.sent,
        total_xact_time: Math.round(statistics.transactionTime * 1000),
        total_query_time: Math.round(statistics.queryTime * 1000),
        total_wait_time: Math.round(statistics.waitTime * 1000),
      })),
    ),
  DATABASES: (pools) => {
    const names = new Set([...pools.configuration.databases.keys(), ...pools.all.map(({ database }) => database)]);
    return table(
      [
        "name",
        "database",
        "pool_mode",
        "pool_size",
        "min_pool_size",
        "reserve_pool",
        "max_connections",
        "current_connections",
        "paused",
        "disabled",
      ],
      [...names].map((name) => {
        const limits = pools.limits(name, "");
        return {
          name,
          database: pools.configuration.databases.get(name)?.dbname ?? name,
          pool_mode: limits.mode,
          pool_size: limits.poolSize,
          min_pool_size: limits.minPoolSize,
          reserve_pool: limits.reserveSize,
          max_connections: limits.maxDbConnections,
          current_connections: sum(pools.all.filter(({ database }) => database === name).map(({ size }) => size)),
          paused: pools.isPaused(name) ? 1 : 0,
          disabled: pools.isDisabled(name) ? 1 : 0,
        };
      }),
    );
  },
  USERS: (pools) => {
    const names = new Set([...pools.configuration.users.keys(), ...pools.all.map(({ user }) => user)]);
    return table(
      ["name", "pool_mode", "pool_size", "max_user_connections", "current_connections"],
      [...names].map((name) => {
        const own = pools.configuration.users.get(name);
        return {
          name,
          pool_mode: own?.poolMode ?? null,
          pool_size: own?.poolSize ?? null,
          max_user_connections: pools.limits("", name).maxUserConnections,
          current_connections: sum(pools.all.filter(({ user }) => user === name).map(({ size }) => size)),
        };
      }),
    );
  },
  CONFIG: ({ configuration: { options } }) =>
    table(
      ["key", "value", "default"],
      optionKeys(poolOptionSpecs).map((key) => ({
        key: poolOptionName(key),
        value: String(options[key]),
        default: defaultText(key),
      })),
    ),
  MEM: () =>
    table(
      ["name", "bytes"],
      Object.entries(memoryUsage()).map(([name, bytes]) => ({ name, bytes })),
    ),
  VERSION: () => table(["version"], [{ version: `Freshet ${VERSION}` }]),
  HELP: () =>
    table(
      ["command"],
      HELP.map((command) => ({ command })),
    ),
};

const HELP: readonly string[] = [
  "SHOW POOLS | CLIENTS | SERVERS | REPLICAS | STATS | DATABASES | USERS | CONFIG | MEM | VERSION | HELP",
  "PAUSE [database]",
  "RESUME [database]",
  "RECONNECT [database]",
  "DISABLE database",
  "ENABLE database",
  "KILL [database]",
  "RELOAD",
  "SHUTDOWN [WAIT_FOR_SERVERS | WAIT_FOR_CLIENTS]",
];

function defaultText(key: keyof PoolOptions): string {
  return String(poolOptionSpecs[key].default ?? "");
}

function table(columns: readonly string[], rows: readonly Row[]): ConsoleTable {
  return {
    columns,
    rows: rows.map((row) => columns.map((column) => (row[column] == null ? null : String(row[column])))),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
