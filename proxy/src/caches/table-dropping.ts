import type { TableSchema } from "@freshet/contract";
import type { ManagerParts } from "./manager-parts.ts";

/** Lets go of the stored rows of tables that no cache reads, and of the watch over those that no invalidation needs. */
export async function dropUnusedTables({ builder, catalog, invalidations }: ManagerParts): Promise<void> {
  const caches = catalog.all();
  const used = new Set(caches.flatMap((cache) => cache.planned?.plan.tables.map(({ tableOid }) => tableOid) ?? []));
  await builder.dropTables([...builder.tables.keys()].filter((tableOid) => !used.has(tableOid)));
  const watched = catalog.all().flatMap((cache) => cache.invalidation?.plan.tables ?? []);
  await invalidations.keepOnly(new Set(watched.map(({ tableOid }) => tableOid)));
}

/**
 * Tables that changed their shape lose their stored rows once every cache on them is gone from the engine. One that
 * has been copied anew since, for another cache, stays.
 */
export async function dropChangedTables(
  { builder, catalog, engine, compiled }: ManagerParts,
  stale: readonly TableSchema[],
): Promise<void> {
  const left = stale.filter((table) => builder.tables.get(table.oid) === table).map(({ oid }) => oid);
  if (left.length === 0) return;
  for (const cache of catalog.all()) {
    if (cache.planned?.plan.tables.some(({ tableOid }) => left.includes(tableOid)) !== true) continue;
    await engine.dropCache(cache.id);
    compiled.forget(cache.id);
  }
  await builder.dropTables(left);
}
