import { type CacheCommandRoles, FreshetError, SqlState, quoteLiteral } from "@freshet/base";
import type { Cache } from "./cache.ts";

/** What is asked of the upstream, with Freshet's own role. */
type Ask = (sql: string) => Promise<readonly (readonly (string | null)[])[]>;

/** A table that a cache's query reads. */
interface ReadTable {
  readonly tableOid: number;
}

export interface CachePermissionRules {
  readonly cacheCommands: CacheCommandRoles;
  readonly cacheRole: string | undefined;
}

/**
 * Who may create and drop caches. Whatever the rules, superusers may, and a role can create only what it may read itself,
 * which is checked apart from this.
 */
export class CachePermissions {
  readonly #ask: Ask;
  readonly #rules: CachePermissionRules;

  constructor(ask: Ask, rules: CachePermissionRules) {
    this.#ask = ask;
    this.#rules = rules;
  }

  /** `tables`: all that the query reads, also through views. */
  async assertMayCreate(role: string, tables: readonly ReadTable[]): Promise<void> {
    if (this.#rules.cacheCommands === "readers" || tables.length === 0) return;
    const [row] = await this.#ask(this.#query(role, null, tables));
    const [isManager, , ownsAll] = row ?? [];
    if (isManager === "t") return;
    if (this.#rules.cacheCommands === "owners" && ownsAll === "t") return;
    throw new FreshetError(SqlState.insufficientPrivilege, `role "${role}" may not create this cache`, {
      detail:
        this.#rules.cacheCommands === "owners"
          ? "Caches are created by the owners of all tables that they read, and by superusers."
          : "Caches are created by superusers.",
      hint: this.#hint(),
    });
  }

  /** A cache is also dropped by its creator and by members of that role, unless only superusers may. */
  async assertMayDrop(role: string, caches: readonly Cache[]): Promise<void> {
    for (const cache of caches) {
      const [row] = await this.#ask(this.#query(role, cache.request.owner, tablesOf(cache)));
      const [isManager, isCreator, ownsAll] = row ?? [];
      if (isManager === "t") continue;
      if (this.#rules.cacheCommands !== "superusers" && (isCreator === "t" || ownsAll === "t")) continue;
      throw new FreshetError(SqlState.insufficientPrivilege, `must be owner of cache ${cache.name}`, {
        detail: `It was created by role "${cache.request.owner}".`,
        hint: this.#hint(),
      });
    }
  }

  #hint(): string {
    const { cacheRole } = this.#rules;
    return cacheRole === undefined
      ? "The options --cache-commands and --cache-role say who may."
      : `Members of role "${cacheRole}" may.`;
  }

  /** One row: superuser or member of the managing role, member of the creator, owner of all tables (of no table: false). */
  #query(role: string, creator: string | null, tables: readonly ReadTable[]): string {
    const oids = tables.map(({ tableOid }) => tableOid);
    const member = (name: string | null | undefined): string =>
      name == null
        ? "false"
        : `EXISTS (SELECT FROM pg_catalog.pg_roles m
                    WHERE m.rolname OPERATOR(pg_catalog.=) ${quoteLiteral(name)}::pg_catalog.name
                      AND pg_catalog.pg_has_role(r.oid, m.oid, 'USAGE'))`;
    const owned =
      oids.length === 0
        ? "false"
        : `(SELECT pg_catalog.bool_and(COALESCE(pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE'), false))
              FROM pg_catalog.unnest('{${oids.join(",")}}'::pg_catalog.oid[]) AS n (relation)
              LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) n.relation)`;
    return `
      SELECT r.rolsuper OR ${member(this.#rules.cacheRole)}, ${member(creator)}, ${owned}
        FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) ${quoteLiteral(role)}::pg_catalog.name`;
  }
}

/** None before the cache was planned. */
function tablesOf(cache: Cache): readonly ReadTable[] {
  return cache.planned?.plan.tables ?? cache.invalidation?.plan.tables ?? [];
}
