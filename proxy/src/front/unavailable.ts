import type { Cache } from "../caches/cache.ts";
import type { Unavailable } from "./build-status.ts";
import type { FrontHealth } from "./health-port.ts";

/** Why the cache cannot be read, whoever asks; null when it can. */
export function unavailability(cache: Cache, health: Pick<FrontHealth, "suspended" | "problem">): Unavailable | null {
  if (cache.phase === "failed") return { reason: "cache_invalid", detail: cache.reason };
  if (cache.phase !== "ready") return { reason: "cache_building", detail: cache.reason };
  if (health.suspended || cache.doubtful) return { reason: "schema_change_pending", detail: null };
  const problem = health.problem();
  return problem === null ? null : { reason: "replication_down", detail: problem };
}
