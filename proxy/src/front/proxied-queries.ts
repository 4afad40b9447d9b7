import type { StatementInfo } from "@freshet/sql";
import { LruMap } from "./lru-map.ts";

/** What is known of one forwarded query, by query id. */
export interface ProxiedQuery {
  readonly queryId: string;
  readonly normalized: string;
  /** One statement's text as it came, to create a cache from. */
  readonly example: string;
  count: number;
  totalMs: number;
  failed: number;
  /** `yes`, or why not; null while nobody has asked. */
  cacheable: string | null;
}

/** SELECTs that went upstream, the least recently seen forgotten first. */
export class ProxiedQueries {
  readonly #queries: LruMap<string, ProxiedQuery>;

  constructor(capacity: number) {
    this.#queries = new LruMap(capacity);
  }

  record(info: StatementInfo, elapsedMs: number, succeeded: boolean): void {
    if (info.shape === null) return;
    const known = this.#queries.get(info.queryId);
    if (known !== undefined) {
      known.count++;
      known.totalMs += elapsedMs;
      if (!succeeded) known.failed++;
      return;
    }
    this.#queries.set(info.queryId, {
      queryId: info.queryId,
      normalized: info.normalized,
      example: info.shape.text,
      count: 1,
      totalMs: elapsedMs,
      failed: succeeded ? 0 : 1,
      cacheable: null,
    });
  }

  /** Adds what another process has counted. */
  merge(queries: readonly ProxiedQuery[]): void {
    for (const { queryId, count, totalMs, failed, ...query } of queries) {
      const known = this.#queries.get(queryId);
      if (known === undefined) {
        this.#queries.set(queryId, { ...query, queryId, count, totalMs, failed, cacheable: null });
        continue;
      }
      known.count += count;
      known.totalMs += totalMs;
      known.failed += failed;
    }
  }

  /** All of them; from now on they are counted anew. */
  take(): readonly ProxiedQuery[] {
    const queries = [...this.#queries.values()];
    this.#queries.clear();
    return queries;
  }

  get(queryId: string): ProxiedQuery | undefined {
    return this.#queries.get(queryId);
  }

  /** Most time spent first. */
  all(): readonly ProxiedQuery[] {
    return [...this.#queries.values()].toSorted((a, b) => b.totalMs - a.totalMs);
  }

  /** After a schema change verdicts no longer hold. */
  forgetVerdicts(): void {
    for (const query of this.#queries.values()) query.cacheable = null;
  }
}
