import { now, sleep } from "@freshet/base";
import {
  type Shop,
  accountsQuery,
  createAccounts,
  createMarker,
  createShop,
  markerQuery,
  shopQuery,
} from "./data/tables.ts";
import type { BenchOptions } from "./options.ts";
import type { Freshet } from "./system/freshet.ts";
import type { Resources } from "./system/resources.ts";
import type { Upstream } from "./system/upstream.ts";

const HIT_LIMIT_MS = 60_000;

/** What the cases share: the servers, and tables and caches made on first use. */
export class Bench {
  readonly options: BenchOptions;
  readonly upstream: Upstream;
  readonly freshet: Freshet;
  readonly resources: Resources;
  readonly log: (text: string) => void;
  readonly shop: Shop;
  /** A tenth of the shop, for how costs depend on the state's size. */
  readonly smallShop: Shop;
  readonly #done = new Set<string>();
  readonly #buildMs = new Map<string, number>();

  constructor(
    options: BenchOptions,
    upstream: Upstream,
    freshet: Freshet,
    resources: Resources,
    log: (text: string) => void,
  ) {
    this.options = options;
    this.upstream = upstream;
    this.freshet = freshet;
    this.resources = resources;
    this.log = log;
    this.shop = { schema: "shop", rows: options.scale };
    this.smallShop = { schema: "small_shop", rows: Math.ceil(options.scale / 10) };
  }

  accounts(): Promise<void> {
    return this.#once("accounts", () => createAccounts(this.upstream.sql, this.options.scale));
  }

  async cachedAccounts(): Promise<void> {
    await this.accounts();
    await this.#once("accounts cache", () => this.createCache("accounts", accountsQuery));
  }

  async cachedShop(shop: Shop): Promise<void> {
    await this.#once(`${shop.schema} tables`, () => createShop(this.upstream.sql, shop));
    await this.#once(`${shop.schema} cache`, () => this.createCache(shop.schema, shopQuery(shop)));
  }

  async cachedMarker(): Promise<void> {
    await this.#once("marker", () => createMarker(this.upstream.sql));
    await this.#once("marker cache", () => this.createCache("marker", markerQuery));
  }

  /** Resolves with the milliseconds until the cache answers. */
  async createCache(name: string, query: string, options = ""): Promise<number> {
    const sql = await this.freshet.sql();
    const started = now();
    await sql.run(`CREATE CACHE ${name} ${options === "" ? "" : `WITH (${options}) `}FROM ${query}`);
    const milliseconds = now() - started;
    this.#buildMs.set(name, milliseconds);
    return milliseconds;
  }

  /** What the last CREATE CACHE of this name took. */
  buildMs(name: string): number {
    const milliseconds = this.#buildMs.get(name);
    if (milliseconds === undefined) throw new Error(`cache ${name} was not made`);
    return milliseconds;
  }

  async dropCache(name: string): Promise<void> {
    const sql = await this.freshet.sql();
    await sql.run(`DROP CACHE ${name}`);
  }

  /**
   * Waits until the statement is answered from a cache that has seen all that is committed, and throws unless the answer is
   * PostgreSQL's. Just after a schema change (the benchmark's own) Freshet compares the catalog and lets statements through
   * meanwhile; after a strong read there is none left that it has not heard of.
   */
  async expectHit(query: string): Promise<void> {
    const sql = await this.freshet.sql();
    await sql.run("SET freshet.consistency = 'strong'");
    await this.untilHit(query);
    await sql.run("RESET freshet.consistency");
    const [cached, direct] = await Promise.all([sql.rows(query), this.upstream.sql.rows(query)]);
    if (JSON.stringify(cached) !== JSON.stringify(direct)) {
      throw new Error(`the cache's answer differs from PostgreSQL's: ${query}`);
    }
  }

  /** Sends the statement until it is answered from a cache. */
  async untilHit(query: string): Promise<void> {
    const sql = await this.freshet.sql();
    const started = now();
    for (;;) {
      await sql.rows(query);
      const [[destination, reason] = []] = await sql.rows("EXPLAIN LAST STATEMENT");
      if (destination === "cache") return;
      if (now() - started > HIT_LIMIT_MS) throw new Error(`not answered from a cache (${reason}): ${query}`);
      await sleep(2);
    }
  }

  /** Throws if `body` led to reads of the cache that went upstream: what they measured would be PostgreSQL. */
  async withoutMisses<T>(cache: string, body: () => Promise<T>): Promise<T> {
    const [before, reasonsBefore] = [await this.counters(cache), await this.freshet.missReasons()];
    const result = await body();
    const misses = (await this.counters(cache)).misses - before.misses;
    if (misses === 0) return result;
    const reasons = [...(await this.freshet.missReasons())].map(
      ([reason, times]) => `${reason}: ${times - (reasonsBefore.get(reason) ?? 0)}`,
    );
    throw new Error(`${misses} reads of cache ${cache} went upstream (all misses: ${reasons.join(", ")})`);
  }

  async counters(cache: string): Promise<{ readonly hits: number; readonly misses: number }> {
    const sql = await this.freshet.sql();
    const row = (await sql.rows("SHOW CACHES")).find(([name]) => name === cache);
    if (row === undefined) throw new Error(`cache ${cache} has gone`);
    return { hits: Number(row[8]), misses: Number(row[9]) };
  }

  async #once(what: string, make: () => Promise<unknown>): Promise<void> {
    if (this.#done.has(what)) return;
    this.log(`making ${what} ...`);
    await make();
    this.#done.add(what);
  }
}
