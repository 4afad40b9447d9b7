import { isTransient } from "@freshet/base";
import type { ChangeSource, TableSchema } from "@freshet/contract";
import { zoneTablesIn } from "@freshet/sql";
import type { CacheBuilder } from "./cache-builder.ts";
import type { CacheCatalog } from "./cache-catalog.ts";
import type { Cache, CachePlan } from "./cache.ts";
import { isDue } from "./failed-retry.ts";
import { sameTable, tablesWithLostLabels } from "./schema-compare.ts";

/** What does not mean any more what it meant when it was built. */
export interface SchemaDifferences {
  /** As they are known; their stored rows have to go. */
  readonly tables: readonly TableSchema[];
  /** Caches whose statement means something else, and failed ones whose time to be tried again has come. */
  readonly caches: ReadonlySet<Cache>;
}

/** Compares what is known of the tables and the cached statements with the upstream's catalog. Changes nothing. */
export class SchemaComparison {
  readonly #builder: CacheBuilder;
  readonly #source: ChangeSource;
  readonly #catalog: CacheCatalog;

  constructor(builder: CacheBuilder, source: ChangeSource, catalog: CacheCatalog) {
    this.#builder = builder;
    this.#source = source;
    this.#catalog = catalog;
  }

  /** Whether something differs that no event trigger announces for certain. */
  async tablesOrZonesDiffer(): Promise<boolean> {
    return (await this.tablesDiffer()) || (await this.#zonesDiffer());
  }

  /** Whether one of these tables that is still known has another shape. */
  async tablesDiffer(tableOids: Iterable<number> = this.#builder.tables.keys()): Promise<boolean> {
    const { tables } = this.#builder;
    const known = this.#builder.known([...tableOids]);
    if (known.length === 0) return false;
    const present = await this.#source.describeTables(known.map(({ oid }) => oid));
    return known.some((table) => tables.get(table.oid) === table && !sameTable(table, present.get(table.oid)));
  }

  /** Whether the statement of a cache that answers means something else. */
  async meaningsDiffer(): Promise<boolean> {
    for (const cache of this.#catalog.all()) {
      const { statement } = cache;
      if (cache.phase !== "ready" || statement === null) continue;
      const now = await this.#meaningNow(cache);
      if (cache.statement === statement && !cache.means(now)) return true;
    }
    return false;
  }

  /** Whether the server reckons otherwise in a time zone whose offsets a plan holds: it may have started again with another tz database. */
  async #zonesDiffer(): Promise<boolean> {
    for (const { planned } of this.#catalog.all()) {
      for (const zone of planned === null ? [] : zoneTablesIn(planned.plan)) {
        if (JSON.stringify(await this.#builder.zoneTable(zone.timeZone)) !== JSON.stringify(zone)) return true;
      }
    }
    return false;
  }

  async differences(now: number): Promise<SchemaDifferences> {
    const { tables } = this.#builder;
    const present = await this.#source.describeTables([...tables.keys()]);
    const changed = [...tables.values()].filter((table) => !sameTable(table, present.get(table.oid)));
    const different = new Set<Cache>();
    for (const cache of this.#catalog.all()) {
      if (isDue(cache, now)) different.add(cache);
      if (cache.phase !== "ready" || cache.statement === null) continue;
      const meaning = await this.#meaningNow(cache);
      if (!cache.means(meaning)) different.add(cache);
      if (cache.planned === null) continue;
      const planned = meaning?.mode === "incremental" ? meaning.planned : null;
      changed.push(...tablesWithLostLabels(tables.values(), cache.planned, planned));
    }
    return { tables: changed, caches: different };
  }

  /** What the statement means now; null when it is refused. */
  async #meaningNow(cache: Cache): Promise<CachePlan | null> {
    try {
      return await this.#builder.planCache(cache.request);
    } catch (thrown) {
      if (isTransient(thrown)) throw thrown;
      return null;
    }
  }
}
