import { FreshetError, SqlState } from "@freshet/base";
import { LSN_ZERO } from "@freshet/values";
import type { Cache } from "./caches/cache.ts";
import type { ReplicationHealth } from "./replication/health.ts";

export interface ReadinessParts {
  /** Why the instance does not work at all; null when it does. */
  readonly failure: string | null;
  readonly health: Pick<ReplicationHealth, "problem" | "suspended">;
  readonly caches: readonly Pick<Cache, "name" | "phase" | "reason">[];
  /** Other processes that serve clients, and how many there should be. */
  readonly fronts: { readonly attached: number; readonly wanted: number };
  /** WAL that is behind while commits wait to be applied. */
  readonly behindBytes: number;
  readonly batchBytes: number;
}

/** Null when all caches are caught up, else what is missing. */
export function whatIsMissing(parts: ReadinessParts): string | null {
  const { failure, health, caches, fronts, behindBytes, batchBytes } = parts;
  if (failure !== null) return failure;
  const stream = health.problem();
  if (stream !== null) return `replication: ${stream}`;
  if (health.suspended) return "a schema change is being looked into";
  // A failed cache does not get ready by waiting: freshet_cache_ready and SHOW CACHES tell of it.
  const waiting = caches.find(({ phase }) => phase === "waiting" || phase === "building");
  if (waiting !== undefined)
    return `cache ${waiting.name}: ${waiting.phase}${waiting.reason === null ? "" : `, ${waiting.reason}`}`;
  if (fronts.attached < fronts.wanted) return `${fronts.attached + 1} of ${fronts.wanted + 1} fronts serve clients`;
  return behindBytes > batchBytes ? `${behindBytes} bytes of WAL behind` : null;
}

/** Why no cache can be built yet, or any more; null when one can. */
export function whyNotStarted(
  failure: string | null,
  health: Pick<ReplicationHealth, "applied">,
  streamState: string,
): FreshetError | null {
  if (failure !== null) return new FreshetError(SqlState.internalError, "the caches have stopped", { detail: failure });
  if (health.applied !== LSN_ZERO) return null;
  return new FreshetError(SqlState.cannotConnectNow, "replication from the upstream has not started yet", {
    detail: `Its state is: ${streamState}.`,
  });
}
