import { quoteLiteral } from "@freshet/base";
import type { RelationPrivilege } from "@freshet/sql";
import type { Clock } from "./clock-port.ts";

export type Privilege = "granted" | "privilege" | "row_level_security";

/** Distinct (role, cache) pairs that are remembered; with one more, all are asked again. */
const MAX_REMEMBERED = 10_000;

/** What a reader must be allowed to do. */
export interface PrivilegeNeeds {
  readonly privileges: readonly RelationPrivilege[];
  /** Functions outside pg_catalog that it calls. */
  readonly functions?: readonly number[];
}

/** An answer of the upstream's, as long as `Privileges.holds` says so. */
export interface Verdict {
  readonly privilege: Privilege;
  readonly checkedAt: number;
  readonly generation: number;
}

/**
 * Whether a role may read a cache's columns, as the upstream says. An answer holds for `ttlMs`, and
 * until `forget`; a check that fails (upstream down) rejects.
 */
export class Privileges {
  readonly #query: (sql: string) => Promise<readonly (readonly (string | null)[])[]>;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  /** By the cache's id, then by role. */
  readonly #remembered = new Map<number, Map<string, Verdict>>();
  #size = 0;
  readonly #pending = new Map<string, Promise<Privilege>>();
  #generation = 0;

  constructor(query: (sql: string) => Promise<readonly (readonly (string | null)[])[]>, ttlMs: number, clock: Clock) {
    this.#query = query;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  /** Rises with each `forget`. */
  get generation(): number {
    return this.#generation;
  }

  /** What is remembered, without asking; null: nothing that holds. */
  known(role: string, cacheId: number): Verdict | null {
    const remembered = this.#remembered.get(cacheId)?.get(role);
    return remembered !== undefined && this.holds(remembered, this.#clock()) ? remembered : null;
  }

  holds({ generation, checkedAt }: Verdict, time: number): boolean {
    return generation === this.#generation && time - checkedAt < this.#ttlMs;
  }

  check(role: string, cacheId: number, needs: PrivilegeNeeds): Privilege | Promise<Privilege> {
    const known = this.known(role, cacheId);
    if (known !== null) return known.privilege;
    const key = `${cacheId} ${role}`;
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const check = this.#checkAnew(cacheId, role, needs).finally(() => {
      if (this.#pending.get(key) === check) this.#pending.delete(key);
    });
    this.#pending.set(key, check);
    return check;
  }

  /** What the upstream says now; nothing is remembered. */
  async ask(role: string, needs: PrivilegeNeeds): Promise<Privilege> {
    const rows = await this.#query(privilegeQuery(role, needs.privileges));
    const [granted, rowSecurity] = rows[0] ?? [];
    if (granted !== "t") return "privilege";
    const { functions = [] } = needs;
    if (functions.length > 0) {
      const [called] = await this.#query(functionQuery(role, functions));
      if (called?.[0] !== "t") return "privilege";
    }
    return rowSecurity === "f" ? "granted" : "row_level_security";
  }

  /** After DDL or GRANT: everything is asked again. */
  forget(): void {
    this.#generation++;
    this.#remembered.clear();
    this.#size = 0;
    this.#pending.clear();
  }

  async #checkAnew(cacheId: number, role: string, needs: PrivilegeNeeds): Promise<Privilege> {
    const generation = this.#generation;
    const checkedAt = this.#clock();
    const privilege = await this.ask(role, needs);
    if (generation === this.#generation) this.#remember(cacheId, role, { privilege, checkedAt, generation });
    return privilege;
  }

  #remember(cacheId: number, role: string, verdict: Verdict): void {
    if (this.#remembered.get(cacheId)?.has(role) !== true && ++this.#size > MAX_REMEMBERED) {
      this.#remembered.clear();
      this.#size = 1;
    }
    const ofCache = this.#remembered.get(cacheId) ?? new Map<string, Verdict>();
    this.#remembered.set(cacheId, ofCache.set(role, verdict));
  }
}

/**
 * One row: whether all columns may be read, and whether row-level security applies to any of the relations.
 * Dropped relations and columns cannot be read; NULLs for a reader that is gone.
 */
export function privilegeQuery(reader: string, privileges: readonly RelationPrivilege[]): string {
  const who = quoteLiteral(reader);
  const needed = privileges.flatMap(({ relation, attributes, role, named }) =>
    attributes.map((attribute) => `(${relation}, ${attribute}, ${role ?? 0}, ${named})`),
  );
  if (needed.length === 0) return "SELECT true, false";
  return `
    SELECT pg_catalog.bool_and(COALESCE(
             (NOT n.named OR pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'USAGE')) AND
             CASE n.attribute WHEN 0 THEN pg_catalog.has_any_column_privilege(s.oid, c.oid, 'SELECT')
                              ELSE pg_catalog.has_column_privilege(s.oid, c.oid, n.attribute::pg_catalog.int2, 'SELECT') END,
             false)),
           pg_catalog.bool_or(COALESCE(c.relrowsecurity AND NOT s.rolsuper AND NOT s.rolbypassrls AND
             (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(s.oid, c.relowner, 'USAGE')), false))
      FROM (VALUES ${needed.join(", ")}) AS n (relation, attribute, role, named)
      CROSS JOIN (SELECT oid FROM pg_catalog.pg_roles
                   WHERE rolname OPERATOR(pg_catalog.=) ${who}::pg_catalog.name) AS r
      LEFT JOIN pg_catalog.pg_roles AS s
        ON s.oid OPERATOR(pg_catalog.=) CASE n.role WHEN 0 THEN r.oid ELSE n.role::pg_catalog.oid END
      LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) n.relation::pg_catalog.oid`;
}

/** One row: whether all functions may be called, and their schemas used. NULL for a role that is gone. */
function functionQuery(role: string, functions: readonly number[]): string {
  const needed = functions.map((oid) => `(${oid})`).join(", ");
  return `
    SELECT pg_catalog.bool_and(COALESCE(
             pg_catalog.has_schema_privilege(r.oid, p.pronamespace, 'USAGE') AND
             pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE'), false))
      FROM (VALUES ${needed}) AS n (function)
      CROSS JOIN (SELECT oid FROM pg_catalog.pg_roles
                   WHERE rolname OPERATOR(pg_catalog.=) ${quoteLiteral(role)}::pg_catalog.name) AS r
      LEFT JOIN pg_catalog.pg_proc AS p ON p.oid OPERATOR(pg_catalog.=) n.function::pg_catalog.oid`;
}
