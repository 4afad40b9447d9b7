import type { Cache } from "../caches/cache.ts";
import type { Miss, MissReason, PreparedRoute } from "../session/front-ports.ts";

export function miss(reason: MissReason, detail: string | null, cache: string | null): Miss {
  return { kind: "miss", reason, detail, cache };
}

/** A statement of this cache's that it does not answer. */
export function missOf(cache: Cache, reason: MissReason, detail: string | null): Miss {
  cache.misses++;
  return miss(reason, detail, cache.name);
}

export function notSelect(kind: PreparedRoute["info"]["kind"]): MissReason {
  if (kind === "multiple") return "multiple_statements";
  return kind === "invalid" ? "not_parsed" : "not_select";
}
