import type { Commit, SchemaScope } from "@freshet/contract";
import { LSN_ZERO, type Lsn } from "@freshet/values";
import type { Cache } from "./cache.ts";

type SchemaCommit = Pick<Commit, "endLsn" | "schemaChanged" | "schemaScope">;

/** What has to be done about schema changes: nothing, a comparison while hits go on elsewhere, or while all miss. */
export type NeededComparison = "none" | "affected" | "all";

/**
 * Which caches still mean what they meant, as far as the stream's announcements of schema changes tell. The store
 * marks the last of these until `compared`; readers get by that mark only with a cache that is trusted up to it.
 */
export class SchemaTrust {
  /** End of the last schema-changing commit that was applied. */
  #lsn: Lsn = LSN_ZERO;
  /** Whether the store may hold a mark. */
  #open = true;

  get lsn(): Lsn {
    return this.#lsn;
  }

  /** Whether a cache may miss for a schema change that has not been looked into. */
  get open(): boolean {
    return this.#open;
  }

  /** A mark of unknown origin may lie in the store up to `lsn`. */
  begin(lsn: Lsn): void {
    this.#lsn = lsn;
    this.#open = true;
  }

  /** Takes note of commits that were applied, in order. */
  changed(commits: readonly SchemaCommit[], caches: readonly Cache[]): NeededComparison {
    let needed: NeededComparison = "none";
    for (const { endLsn, schemaChanged, schemaScope } of commits) {
      if (!schemaChanged) continue;
      if (schemaScope === undefined) needed = "all";
      for (const cache of caches) {
        const known = !cache.doubtful && (!this.#open || cache.trustedTo >= this.#lsn);
        const affected = schemaScope === undefined || isAffected(cache, schemaScope);
        if (affected) cache.retryAt = 0;
        if (known && !affected) {
          cache.trustedTo = endLsn;
          continue;
        }
        cache.doubtful = true;
        if (needed === "none") needed = "affected";
      }
      this.#lsn = endLsn;
      this.#open = true;
    }
    return needed;
  }

  /** All caches were compared with the catalog as it was when `lsn` had been applied, or did not have to be. */
  compared(lsn: Lsn, caches: readonly Cache[]): void {
    if (lsn < this.#lsn) return;
    this.#open = false;
    for (const cache of caches) cache.doubtful = false;
  }
}

/** Whether the statement may mean something else, or may be allowed now, after a change of these relations alone. */
function isAffected(cache: Cache, { relations, names }: SchemaScope): boolean {
  const plan = cache.planned?.plan ?? cache.invalidation?.plan;
  if (plan === undefined) return true;
  // A relation's row type may be what a function takes, or a part of a composite value.
  if ((plan.functions ?? []).length > 0) return true;
  if (cache.planned?.plan.types.some(({ fieldOids }) => fieldOids !== undefined) === true) return true;
  const touched = new Set(relations);
  if (plan.tables.some(({ tableOid }) => touched.has(tableOid))) return true;
  if (plan.privileges.some(({ relation }) => touched.has(relation))) return true;
  const text = cache.request.text.toLowerCase();
  return names.some((name) => text.includes(name.toLowerCase()));
}
