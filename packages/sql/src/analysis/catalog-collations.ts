import { must } from "@freshet/base";
import type { PgCollation } from "@freshet/values";
import type { AnalysisConnection } from "./analysis-connection.ts";

/** `pg_collation.oid` of "default": the database's own. */
const DEFAULT_COLLATION = 100;

interface LocaleInfo {
  /** `c` libc, `i` ICU, `b` builtin. */
  readonly provider: string;
  readonly locale: string;
}

/** Whether UTF-8 byte order is the locale's order. */
function isByteOrdered(locale: LocaleInfo): boolean {
  if (locale.provider === "b") return true;
  return locale.provider === "c" && /^(C|POSIX|C\.utf-?8)$/i.test(locale.locale);
}

/** The provider's columns came with 15 and changed their names in 17: read as JSON, absent ones are null. */
async function databaseLocale(connection: AnalysisConnection): Promise<LocaleInfo> {
  const [row] = await connection.query(`
    SELECT coalesce(j->>'datlocprovider', 'c'), coalesce(j->>'datlocale', j->>'daticulocale'), j->>'datcollate'
    FROM (SELECT pg_catalog.to_jsonb(d) AS j FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) AS q`);
  const [provider, locale, collate] = must(row);
  return { provider: must(provider), locale: provider === "c" ? must(collate) : (locale ?? "") };
}

/** Loads the collations, "default" resolved to the database's own locale. */
export async function loadCollations(
  connection: AnalysisConnection,
  oids: ReadonlySet<number>,
): Promise<Map<number, PgCollation>> {
  const rows = await connection.query(`
    SELECT c.oid, c.collname, c.collprovider, c.collisdeterministic, coalesce(c.collcollate, '') AS locale
    FROM pg_catalog.pg_collation c WHERE c.oid IN (${["0", ...[...oids].map(String)].join(",")})`);
  const database = oids.has(DEFAULT_COLLATION) ? await databaseLocale(connection) : null;
  return new Map(
    rows.map((row) => {
      const oid = Number(row[0]);
      const isDefault = row[2] === "d" && database !== null;
      const locale = isDefault ? database : { provider: must(row[2]), locale: must(row[4]) };
      const name = isDefault ? `default (${database.locale})` : must(row[1]);
      return [oid, { oid, name, deterministic: row[3] === "t", byteOrdered: isByteOrdered(locale) }];
    }),
  );
}
