import { type SelectShape, slotsMatchFixed } from "@freshet/sql";
import type { CacheCatalog } from "../caches/cache-catalog.ts";
import type { Cache } from "../caches/cache.ts";

/** The caches as routing asks for them. */
export type RoutableCaches = Pick<CacheCatalog, "byShape" | "byId">;

export type Match = { readonly kind: "cache"; readonly cache: Cache } | { readonly kind: "no_cache" | "search_path" };

/**
 * The cache that a statement of this shape asks: equal shape, equal constants where the cache has
 * constants, equal schema search path. Ready ones are preferred.
 */
export function matchCache(catalog: RoutableCaches, shape: SelectShape, schemas: readonly string[]): Match {
  let found: Cache | null = null;
  let elsewhere = false;
  for (const cache of catalog.byShape(shape.shapeKey)) {
    const { statement } = cache;
    if (statement === null || !slotsMatchFixed(shape, statement.slots)) continue;
    if (!sameSchemas(cache.request.searchPath, schemas)) {
      elsewhere = true;
      continue;
    }
    if (found === null || (found.phase !== "ready" && cache.phase === "ready")) found = cache;
  }
  if (found !== null) return { kind: "cache", cache: found };
  return { kind: elsewhere ? "search_path" : "no_cache" };
}

export function sameSchemas(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((schema, index) => schema === right[index]);
}
