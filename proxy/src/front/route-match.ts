import type { PlannedStatement, SelectShape } from "@freshet/sql";
import type { CacheCatalog } from "../caches/cache-catalog.ts";
import type { Cache } from "../caches/cache.ts";

export type Match = { readonly kind: "cache"; readonly cache: Cache } | { readonly kind: "no_cache" | "search_path" };

/**
 * The cache that a statement of this shape asks: equal shape, equal constants where the cache has
 * constants, equal schema search path. Ready ones are preferred.
 */
export function matchCache(catalog: CacheCatalog, shape: SelectShape, schemas: readonly string[]): Match {
  let found: Cache | null = null;
  let elsewhere = false;
  for (const cache of catalog.byShape(shape.shapeKey)) {
    if (cache.planned === null || !constantsMatch(cache.planned, shape)) continue;
    if (!sameSchemas(cache.request.searchPath, schemas)) {
      elsewhere = true;
      continue;
    }
    if (found === null || (found.phase !== "ready" && cache.phase === "ready")) found = cache;
  }
  if (found !== null) return { kind: "cache", cache: found };
  return { kind: elsewhere ? "search_path" : "no_cache" };
}

/** Whether the statement holds the cache's constants in every slot that the cache keeps fixed. */
export function constantsMatch(planned: PlannedStatement, shape: SelectShape): boolean {
  if (planned.slots.length !== shape.slots.length) return false;
  return planned.slots.every((binding, index) => {
    if (binding.kind === "parameter") return true;
    const items = shape.slots[index]?.items ?? [];
    return (
      items.length === binding.items.length &&
      items.every((item, at) => {
        const fixed = binding.items[at];
        return (
          item.kind === "literal" &&
          fixed !== undefined &&
          item.literal.kind === fixed.kind &&
          item.literal.text === fixed.text
        );
      })
    );
  });
}

export function sameSchemas(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((schema, index) => schema === right[index]);
}
