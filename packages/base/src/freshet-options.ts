import { type AuthenticationOptions, authenticationOptionSpecs } from "./authentication-options.ts";
import { readCommandLine } from "./command-line.ts";
import { type CommandOptions, commandOptionSpecs } from "./command-options.ts";
import type { Invocation, InvocationInput, Program } from "./command-line.ts";
import { FreshetError, SqlState } from "./errors.ts";
import { logLevels } from "./logger.ts";
import type { LogLevel } from "./logger.ts";
import {
  addressKind,
  booleanKind,
  bytesKind,
  choiceKind,
  integerKind,
  millisecondsKind,
  pathKind,
  postgresUrlKind,
  textKind,
} from "./option-kinds.ts";
import type { Address } from "./option-kinds.ts";
import { type ListenOptions, listenOptionSpecs } from "./listen-options.ts";
import type { OptionSpecs } from "./options.ts";
import { type ProcessOptions, processOptionSpecs } from "./process-options.ts";
import { type ReplicaOptions, replicaOptionSpecs } from "./replica-options.ts";
import { type TlsOptions, tlsOptionSpecs } from "./tls-options.ts";

/** Everything that Freshet can be told when it starts. */
export interface FreshetOptions
  extends ListenOptions, ProcessOptions, TlsOptions, AuthenticationOptions, CommandOptions, ReplicaOptions {
  readonly upstream: string;
  readonly listen: Address;
  readonly admin: Address;
  readonly data: string;
  readonly instance: string;
  readonly config: string | undefined;
  readonly logLevel: LogLevel;
  readonly setReplicaIdentity: boolean;
  readonly slotFailover: boolean;
  readonly maxConnections: number;
  readonly clientLoginTimeoutMs: number;
  readonly upstreamConnectTimeoutMs: number;
  readonly sessionReadTimeoutMs: number;
  readonly strongReadTimeoutMs: number;
  readonly privilegeTtlMs: number;
  readonly schemaCheckIntervalMs: number;
  readonly failedCacheRetryMs: number;
  readonly replicationStaleMs: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  readonly engineQueueBytes: number;
  readonly snapshotBatchBytes: number;
  readonly applyBatchBytes: number;
  readonly storeFreeBytes: number;
  readonly maxResultBytes: number;
  readonly readScanRows: number;
  readonly keptAnswerBytes: number;
  readonly keptLargeAnswerBytes: number;
  readonly invalidateCacheBytes: number;
  readonly invalidateConnections: number;
  readonly invalidateQueue: number;
  readonly invalidateFillTimeoutMs: number;
  readonly upstreamCallBatch: number;
  readonly upstreamCallTimeoutMs: number;
  readonly queryStatisticsEntries: number;
  readonly writeBackBatchRows: number;
}

const KB = 1024;
const MB = 1024 ** 2;
const GB = 1024 ** 3;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

export const freshetOptionSpecs: OptionSpecs<FreshetOptions> = {
  upstream: {
    kind: postgresUrlKind(),
    description:
      "The PostgreSQL server and database to stand in front of, and the role that replicates from it. Several hosts, separated by commas: those that the primary may be on.",
    secret: true,
  },
  listen: {
    kind: addressKind(),
    description: "Where clients connect.",
    default: { host: "127.0.0.1", port: 6543 },
  },
  admin: {
    kind: addressKind(),
    description: "Where /healthz, /readyz and /metrics are served.",
    default: { host: "127.0.0.1", port: 6580 },
  },
  data: {
    kind: pathKind("DIR"),
    description: "Where the state of the caches is kept.",
    default: ".freshet/data",
  },
  instance: {
    kind: textKind("NAME", "1 to 40 of the characters a-z, 0-9 and _", /^[a-z0-9_]{1,40}$/),
    description: "Names the replication slot and the publication, so that several can share one upstream.",
    default: "freshet",
  },
  config: {
    kind: pathKind("FILE"),
    description: "A TOML file with options.",
    optional: true,
  },
  logLevel: {
    kind: choiceKind(logLevels),
    description: `How much is logged to standard error: ${logLevels.join(", ")}.`,
    default: "info",
  },
  setReplicaIdentity: {
    kind: booleanKind(),
    description: "Whether Freshet may set REPLICA IDENTITY FULL on a table that has no usable one.",
    default: false,
  },
  slotFailover: {
    kind: booleanKind(),
    description:
      "Whether standbys that synchronise replication slots (PostgreSQL 17) keep Freshet's, so that the caches go on after a failover.",
    default: true,
  },
  maxConnections: {
    kind: integerKind({ min: 1, max: 100_000 }),
    description: "The most clients at a time.",
    default: 1000,
  },
  clientLoginTimeoutMs: {
    kind: millisecondsKind({ min: 100, max: hour }),
    description: "How long a client may take to log in.",
    default: minute,
  },
  upstreamConnectTimeoutMs: {
    kind: millisecondsKind({ min: 100, max: hour }),
    description: "How long a connection to upstream may take.",
    default: 10 * second,
  },
  sessionReadTimeoutMs: {
    kind: millisecondsKind({ min: 0, max: hour }),
    description: "How long a read waits for its own session's writes to reach the cache before it goes upstream.",
    default: 50,
  },
  strongReadTimeoutMs: {
    kind: millisecondsKind({ min: 0, max: hour }),
    description: "How long a read with freshet.consistency = 'strong' waits for the cache before it goes upstream.",
    default: 500,
  },
  privilegeTtlMs: {
    kind: millisecondsKind({ min: 0, max: hour }),
    description: "How long a role's privileges are remembered before upstream is asked again.",
    default: 5 * second,
  },
  schemaCheckIntervalMs: {
    kind: millisecondsKind({ min: 100, max: hour }),
    description: "How often the tables under the caches are compared with upstream's catalog.",
    default: 10 * second,
  },
  failedCacheRetryMs: {
    kind: millisecondsKind({ min: 100, max: hour }),
    description:
      "How long a cache that could not be built waits before it is tried again; twice as long each time, up to 64 times. A change of its tables ends the wait.",
    default: minute,
  },
  replicationStaleMs: {
    kind: millisecondsKind({ min: 100, max: hour }),
    description: "How long the replication stream may be silent before the caches miss.",
    default: 30 * second,
  },
  reconnectMinMs: {
    kind: millisecondsKind({ min: 1, max: hour }),
    description: "The shortest wait before a lost connection to upstream is tried again.",
    default: 100,
  },
  reconnectMaxMs: {
    kind: millisecondsKind({ min: 1, max: hour }),
    description: "The longest such wait.",
    default: 10 * second,
  },
  engineQueueBytes: {
    kind: bytesKind({ min: 64 * KB, max: 64 * GB }),
    description: "The most changes that wait for the engine; beyond it the replication stream is held back.",
    default: 64 * MB,
  },
  snapshotBatchBytes: {
    kind: bytesKind({ min: 4 * KB, max: GB }),
    description: "How much of a table's snapshot is handed to the engine at a time.",
    default: MB,
  },
  applyBatchBytes: {
    kind: bytesKind({ min: 4 * KB, max: GB }),
    description: "The most changes in one write transaction of the store, unless one upstream transaction is larger.",
    default: 8 * MB,
  },
  storeFreeBytes: {
    kind: bytesKind({ min: 0, max: 1024 * GB }),
    description:
      "What has to stay free on the disk of the data folder while tables are copied and caches are built; such a build is given up. 0: no bound.",
    default: GB,
  },
  maxResultBytes: {
    kind: bytesKind({ min: 4 * KB, max: GB }),
    description: "The largest result that is answered from a cache.",
    default: 64 * MB,
  },
  readScanRows: {
    kind: integerKind({ min: 1, max: 10_000_000 }),
    description:
      "The most rows of a key that are looked at where a parameter is no key (LIKE $2); beyond it the statement is forwarded.",
    default: 10_000,
  },
  keptAnswerBytes: {
    kind: bytesKind({ min: 0, max: 64 * GB }),
    description:
      "The memory for assembled answers, which are sent again as they are while nothing has changed them; 0kB keeps none.",
    default: 64 * MB,
  },
  keptLargeAnswerBytes: {
    kind: bytesKind({ min: 0, max: 64 * GB }),
    description: "The same for answers of more than 256kB of stored rows, which are long to read and to render.",
    default: 64 * MB,
  },
  invalidateCacheBytes: {
    kind: bytesKind({ min: 4 * KB, max: 64 * GB }),
    description: "The memory for answers of caches in mode invalidate; beyond it the least recently used go.",
    default: 64 * MB,
  },
  invalidateConnections: {
    kind: integerKind({ min: 1, max: 100 }),
    description: "The most connections to upstream on which such answers are read.",
    default: 2,
  },
  invalidateQueue: {
    kind: integerKind({ min: 1, max: 1_000_000 }),
    description: "The most such answers that wait to be read; beyond it they are not read.",
    default: 1000,
  },
  invalidateFillTimeoutMs: {
    kind: millisecondsKind({ min: 100, max: hour }),
    description: "How long reading one such answer may take.",
    default: minute,
  },
  upstreamCallBatch: {
    kind: integerKind({ min: 1, max: 1000 }),
    description: "How many calls of functions that only PostgreSQL can evaluate are made in one statement.",
    default: 200,
  },
  upstreamCallTimeoutMs: {
    kind: millisecondsKind({ min: 100, max: hour }),
    description: "How long such a statement may take. A call that takes longer by itself counts as failed.",
    default: 5000,
  },
  queryStatisticsEntries: {
    kind: integerKind({ min: 0, max: 1_000_000 }),
    description: "How many different queries SHOW PROXIED QUERIES remembers.",
    default: 1000,
  },
  writeBackBatchRows: {
    kind: integerKind({ min: 1, max: 1_000_000 }),
    description: "The most changed rows in one write-back transaction, unless one upstream transaction changed more.",
    default: 10_000,
  },
  ...listenOptionSpecs,
  ...processOptionSpecs,
  ...tlsOptionSpecs,
  ...authenticationOptionSpecs,
  ...commandOptionSpecs,
  ...replicaOptionSpecs,
};

const freshetProgram: Program<FreshetOptions> = {
  name: "freshet",
  description: "A PostgreSQL proxy that keeps query results ready.",
  version: "0.1.0",
  commands: {
    "": "Stand in front of upstream.",
    doctor: "Check whether upstream is ready for Freshet, and say how to mend what is not.",
    uninstall: "Remove what Freshet made on upstream: replication slot, publication and schema.",
  },
  specs: freshetOptionSpecs,
  fileOption: "config",
};

/** What `freshet` was asked to do. A FreshetError tells what is wrong with the arguments and what would be right. */
export function readFreshetCommandLine(input: InvocationInput): Invocation<FreshetOptions> {
  const invocation = readCommandLine(freshetProgram, input);
  if (invocation.kind === "command") checkTogether(invocation.values);
  return invocation;
}

/** What no option can tell for itself. */
function checkTogether(options: FreshetOptions): void {
  checkTls(options);
  if (options.authType === "hba" && options.authHbaFile === undefined)
    throw new FreshetError(SqlState.invalidParameterValue, "--auth-hba-file is needed with --auth-type hba");
  if (options.replicas !== undefined && options.pools === undefined)
    throw new FreshetError(
      SqlState.invalidParameterValue,
      "--replicas needs --pools: only pooled clients' reads go there",
    );
  if (options.reconnectMinMs > options.reconnectMaxMs) {
    throw new FreshetError(
      SqlState.invalidParameterValue,
      `--reconnect-min-ms (${options.reconnectMinMs}) is greater than --reconnect-max-ms (${options.reconnectMaxMs})`,
    );
  }
}

function checkTls(options: TlsOptions): void {
  const { clientTlsSslmode: mode } = options;
  const needs = (given: unknown, name: string, why: string): void => {
    if (given === undefined) throw new FreshetError(SqlState.invalidParameterValue, `--${name} is needed ${why}`);
  };
  if (mode !== "disable") {
    needs(options.clientTlsKeyFile, "client-tls-key-file", `with --client-tls-sslmode ${mode}`);
    needs(options.clientTlsCertFile, "client-tls-cert-file", `with --client-tls-sslmode ${mode}`);
  }
  if (mode === "verify-ca" || mode === "verify-full")
    needs(options.clientTlsCaFile, "client-tls-ca-file", `with --client-tls-sslmode ${mode}`);
  if (options.serverTlsKeyFile !== undefined)
    needs(options.serverTlsCertFile, "server-tls-cert-file", "with --server-tls-key-file");
  if (options.serverTlsCertFile !== undefined)
    needs(options.serverTlsKeyFile, "server-tls-key-file", "with --server-tls-cert-file");
}
