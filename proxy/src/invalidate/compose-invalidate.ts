import type { FreshetOptions, Logger } from "@freshet/base";
import type { ChangeSource } from "@freshet/contract";
import type { ReplicationHealth } from "../replication/health.ts";
import type { StreamNudge } from "../replication/stream-nudge.ts";
import type { DriverConnection } from "../upstream/upstream.ts";
import { AnswerStore } from "./answer-store.ts";
import { FillConnection } from "./fill-connection.ts";
import { FillPool } from "./fill-pool.ts";
import { InvalidatingRead } from "./invalidating-read.ts";
import { Invalidations } from "./invalidations.ts";

/** The parts that serve caches in mode `invalidate`. */
export interface InvalidateMode {
  readonly answers: AnswerStore;
  readonly pool: FillPool;
  readonly invalidations: Invalidations;
  readonly read: InvalidatingRead;
  stop(): void;
}

export function createInvalidateMode(
  options: FreshetOptions,
  parts: {
    readonly source: ChangeSource;
    readonly health: ReplicationHealth;
    readonly nudge: StreamNudge;
    readonly driver: DriverConnection;
    readonly clock: () => number;
    readonly logger: Logger;
  },
): InvalidateMode {
  const { source, health, nudge, clock, logger } = parts;
  const answers = new AnswerStore(options.invalidateCacheBytes);
  const open = (): Promise<FillConnection> =>
    FillConnection.open({
      ...parts.driver,
      applicationName: `freshet ${options.instance}`,
      connectTimeoutMs: options.upstreamConnectTimeoutMs,
      fillTimeoutMs: options.invalidateFillTimeoutMs,
      clock,
    });
  const pool = new FillPool(open, { connections: options.invalidateConnections, queue: options.invalidateQueue });
  const invalidations = new Invalidations({ source, store: answers, pool, nudge, clock, logger });
  const { maxResultBytes, invalidateCacheBytes: maxBytes } = options;
  return {
    stop: () => pool.close(),
    answers,
    pool,
    invalidations,
    read: new InvalidatingRead({ invalidations, health, maxResultBytes, maxBytes }),
  };
}
