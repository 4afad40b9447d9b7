import { quoteLiteral } from "@freshet/base";
import { type Lsn, formatLsn, parseLsn } from "@freshet/values";
import { type Target, qualifiedName, targetText } from "./target.ts";

/**
 * `freshet.progress` upstream: up to which LSN each target holds its cache's result. Written in the
 * same transaction as the rows, which makes write-back exactly-once. The table that a row here was written
 * for is Freshet's to overwrite; another one that took its name is not.
 */
export const CREATE_PROGRESS: readonly string[] = [
  "CREATE SCHEMA IF NOT EXISTS freshet",
  `CREATE TABLE IF NOT EXISTS freshet.progress (
     instance text NOT NULL,
     target text NOT NULL,
     relation oid NOT NULL,
     cache_id bigint NOT NULL,
     lsn pg_lsn NOT NULL,
     PRIMARY KEY (instance, target))`,
];

export const PROGRESS_EXISTS = "SELECT pg_catalog.to_regclass('freshet.progress') IS NOT NULL";

export interface Progress {
  readonly cacheId: number;
  readonly lsn: Lsn;
}

/** Progress as the upstream holds it. */
export interface HeldProgress extends Progress {
  /** False when the table was dropped, or dropped and made again. */
  readonly ofPresentTable: boolean;
}

/** The OID of the relation of this name; NULL when there is none. */
function relationOf(target: Target): string {
  return `pg_catalog.to_regclass(${quoteLiteral(qualifiedName(target))})::pg_catalog.oid`;
}

function rowOf(instance: string, target: Target): string {
  return `instance = ${quoteLiteral(instance)} AND target = ${quoteLiteral(targetText(target))}`;
}

export function readProgress(instance: string, target: Target): string {
  return `SELECT cache_id::text, lsn::text, (relation IS NOT DISTINCT FROM ${relationOf(target)})::text
            FROM freshet.progress WHERE ${rowOf(instance, target)}`;
}

export function parseProgress(rows: readonly (readonly (string | null)[])[]): HeldProgress | null {
  const [row] = rows;
  const lsn = parseLsn(row?.[1] ?? "");
  if (row === undefined || lsn === undefined) return null;
  return { cacheId: Number(row[0]), lsn, ofPresentTable: row[2] === "true" };
}

export function writeProgress(instance: string, target: Target, progress: Progress): string {
  const values = `${relationOf(target)}, ${progress.cacheId}, '${formatLsn(progress.lsn)}'`;
  return `INSERT INTO freshet.progress (instance, target, relation, cache_id, lsn)
          VALUES (${quoteLiteral(instance)}, ${quoteLiteral(targetText(target))}, ${values})
          ON CONFLICT (instance, target) DO UPDATE SET (relation, cache_id, lsn) = ROW (${values})`;
}

export function deleteProgress(instance: string, target: Target): string {
  return `DELETE FROM freshet.progress WHERE ${rowOf(instance, target)}`;
}
