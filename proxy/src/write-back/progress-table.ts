import { type Lsn, formatLsn, parseLsn } from "@freshet/values";
import { quoteLiteral } from "../front/privileges.ts";

/**
 * `freshet.progress` upstream: up to which LSN each target holds its cache's result. Written in the
 * same transaction as the rows, which makes write-back exactly-once. A target with a row here is
 * Freshet's to overwrite.
 */
export const CREATE_PROGRESS: readonly string[] = [
  "CREATE SCHEMA IF NOT EXISTS freshet",
  `CREATE TABLE IF NOT EXISTS freshet.progress (
     instance text NOT NULL,
     target text NOT NULL,
     cache_id bigint NOT NULL,
     lsn pg_lsn NOT NULL,
     PRIMARY KEY (instance, target))`,
];

export const PROGRESS_EXISTS = "SELECT pg_catalog.to_regclass('freshet.progress') IS NOT NULL";

export interface Progress {
  readonly cacheId: number;
  readonly lsn: Lsn;
}

export function readProgress(instance: string, target: string): string {
  return `SELECT cache_id::text, lsn::text FROM freshet.progress WHERE instance = ${quoteLiteral(instance)} AND target = ${quoteLiteral(target)}`;
}

export function parseProgress(rows: readonly (readonly (string | null)[])[]): Progress | null {
  const [row] = rows;
  const lsn = parseLsn(row?.[1] ?? "");
  return row === undefined || lsn === undefined ? null : { cacheId: Number(row[0]), lsn };
}

export function writeProgress(instance: string, target: string, progress: Progress): string {
  const lsn = formatLsn(progress.lsn);
  return `INSERT INTO freshet.progress (instance, target, cache_id, lsn)
          VALUES (${quoteLiteral(instance)}, ${quoteLiteral(target)}, ${progress.cacheId}, '${lsn}')
          ON CONFLICT (instance, target) DO UPDATE SET cache_id = ${progress.cacheId}, lsn = '${lsn}'`;
}

export function deleteProgress(instance: string, target: string): string {
  return `DELETE FROM freshet.progress WHERE instance = ${quoteLiteral(instance)} AND target = ${quoteLiteral(target)}`;
}
