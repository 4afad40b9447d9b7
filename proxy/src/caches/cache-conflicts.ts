import { FreshetError, SqlState } from "@freshet/base";
import { sameSchemas } from "../front/route-match.ts";
import { parseTarget, targetText } from "../write-back/target.ts";
import type { CacheCatalog } from "./cache-catalog.ts";
import type { Cache, CachePlan, CacheRequest } from "./cache.ts";

/** Refuses a name that is taken, a table that is written already, and a second cache for the same statements. */
export function assertNew(catalog: CacheCatalog, request: CacheRequest, plan: CachePlan): void {
  if (catalog.byName(request.name) !== undefined) {
    throw new FreshetError(SqlState.duplicateObject, `cache "${request.name}" already exists`);
  }
  const target = targetOf(request);
  const writer = catalog.all().find((other) => target !== null && targetOf(other.request) === target);
  if (writer !== undefined)
    throw new FreshetError(SqlState.objectInUse, `table "${target}" is written by cache "${writer.name}" already`);
  const { shapeKey } = plan.mode === "incremental" ? plan.planned : plan.invalidation.plan;
  for (const other of catalog.byShape(shapeKey)) {
    if (!sameSchemas(other.request.searchPath, request.searchPath)) continue;
    if (!sameSlots(other, plan) || other.request.writeTo !== request.writeTo) continue;
    throw new FreshetError(SqlState.duplicateObject, `cache "${other.name}" already answers this query`, {
      hint: `Drop it first: DROP CACHE "${other.name}".`,
    });
  }
}

/** Whether two caches of one shape answer the same statements. In mode `invalidate` a cache answers all of its shape. */
function sameSlots(other: Cache, plan: CachePlan): boolean {
  if (plan.mode === "invalidate") return other.invalidation !== null;
  return other.planned !== null && JSON.stringify(other.planned.slots) === JSON.stringify(plan.planned.slots);
}

/** The table that the cache is written to, in one spelling. */
function targetOf(request: CacheRequest): string | null {
  return request.writeTo === null ? null : targetText(parseTarget(request.writeTo));
}
