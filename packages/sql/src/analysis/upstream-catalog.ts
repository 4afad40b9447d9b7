import { must } from "@freshet/base";
import type { PgType } from "@freshet/values";
import type { CallExpression, UpstreamFunction } from "../plan/expression.ts";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { oidList } from "./oid-list.ts";

/** How calls that the engine has no twin of are planned. */
export interface UpstreamCallPlanning {
  /** Role that asks for the cache: calls are made with its rights. */
  readonly role: string;
  /** Whether the engine computes the call itself. */
  readonly isNative: (call: CallExpression, types: readonly PgType[]) => boolean;
}

/** What is known of functions and collations that SQL for the upstream names. */
export interface UpstreamCatalog {
  readonly functions: ReadonlyMap<number, UpstreamFunction>;
  /** Names with schema, as SQL writes them. */
  readonly collations: ReadonlyMap<number, string>;
}

/** Functions with lower OIDs come with PostgreSQL. */
const FIRST_NORMAL_OID = 16_384;

/** A function's own definition. */
const DEFINITION = `pg_catalog.concat_ws('|', p.oid, p.proname, p.pronamespace, p.proowner, p.prolang, p.provolatile, p.proisstrict,
  p.prosecdef, p.prosrc, p.probin, p.proconfig, p.prosqlbody, p.proargtypes, p.prorettype)`;

/**
 * Functions that a function is known to call, to any depth: those that its body in SQL depends on, and those outside
 * PostgreSQL's own schemas that the text of its body names.
 */
const CALLED = (roots: string): string => `
  WITH RECURSIVE own AS MATERIALIZED (
    SELECT p.oid, p.proname, p.prosrc FROM pg_catalog.pg_proc p
    WHERE p.oid >= ${FIRST_NORMAL_OID} AND p.pronamespace NOT IN (SELECT n.oid FROM pg_catalog.pg_namespace n
      WHERE n.nspname IN ('pg_catalog', 'information_schema', 'freshet') OR n.nspname LIKE 'pg\\_temp%')),
  called (root, oid) AS (
    SELECT p.oid, p.oid FROM pg_catalog.pg_proc p WHERE p.oid IN (${roots})
    UNION
    SELECT c.root, next.oid FROM called c CROSS JOIN LATERAL (
      SELECT d.refobjid FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      UNION ALL
      SELECT o.oid FROM pg_catalog.pg_proc p JOIN own o ON pg_catalog.strpos(pg_catalog.lower(p.prosrc), pg_catalog.lower(o.proname::text)) > 0
        WHERE p.oid = c.oid AND p.oid >= ${FIRST_NORMAL_OID}) AS next (oid))`;

/** Looks up the functions, with digests of what they are defined as, and the names of the collations. */
export async function loadUpstreamCatalog(
  connection: AnalysisConnection,
  functions: Iterable<number>,
  collations: Iterable<number>,
): Promise<UpstreamCatalog> {
  const rows = await connection.query(`${CALLED(oidList(functions))}
    SELECT c.root, (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.proname)
        FROM pg_catalog.pg_proc r JOIN pg_catalog.pg_namespace n ON n.oid = r.pronamespace WHERE r.oid = c.root),
      pg_catalog.md5(pg_catalog.string_agg(${DEFINITION}, E'\\n' ORDER BY p.oid)),
      (SELECT r.procost FROM pg_catalog.pg_proc r WHERE r.oid = c.root)
    FROM called c JOIN pg_catalog.pg_proc p ON p.oid = c.oid GROUP BY c.root`);
  const named = await connection.query(`
    SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.collname)
    FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
    WHERE c.oid IN (${oidList(collations)})`);
  return {
    functions: new Map(
      rows.map((row) => {
        const oid = Number(row[0]);
        return [oid, { oid, name: must(row[1]), definition: must(row[2]), cost: Number(row[3]) }];
      }),
    ),
    collations: new Map(named.map((row) => [Number(row[0]), must(row[1])])),
  };
}
