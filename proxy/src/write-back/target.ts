import { FreshetError, SqlState, must } from "@freshet/base";
import type { QueryPlan, ResultColumn } from "@freshet/sql";
import { quoteIdentifier, quoteLiteral } from "../front/privileges.ts";

/** The upstream table that a cache is written to. */
export interface Target {
  readonly schema: string;
  readonly table: string;
}

/** Parses `schema.table` or `table` (in schema public), each part plain or double-quoted. */
export function parseTarget(text: string): Target {
  const match = /^(?:(?<schema>[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")\.)?(?<table>[a-z_][a-z0-9_$]*|"(?:[^"]|"")+")$/i.exec(
    text.trim(),
  );
  const groups = match?.groups;
  if (groups === undefined) {
    throw new FreshetError(SqlState.invalidParameterValue, `write_to is not a table name: "${text}"`, {
      hint: "Write it as schema.table.",
    });
  }
  return { schema: unquote(groups["schema"] ?? "public"), table: unquote(must(groups["table"])) };
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase();
}

export function qualifiedName(target: Target): string {
  return `${quoteIdentifier(target.schema)}.${quoteIdentifier(target.table)}`;
}

export function targetText(target: Target): string {
  return `${target.schema}.${target.table}`;
}

/** A plan whose result can be a table's contents: no parameters, distinct column names. */
export function assertWritable(plan: QueryPlan): void {
  if (plan.parameters.length > 0) {
    throw new FreshetError(SqlState.featureNotSupported, "a query with parameters cannot be written to a table", {
      hint: "Write constants in place of the parameters.",
    });
  }
  const names = new Set<string>();
  for (const { name } of plan.result) {
    if (names.has(name)) {
      throw new FreshetError(SqlState.featureNotSupported, `the query has two columns named "${name}"`, {
        detail: "A table's columns need different names.",
        hint: "Give the columns aliases with AS.",
      });
    }
    names.add(name);
  }
  if (plan.result.length === 0)
    throw new FreshetError(SqlState.featureNotSupported, "a query without columns cannot be written to a table");
}

/** Columns by which rows of the target are found: the result's key, else those with a btree order. */
export interface MatchColumns {
  readonly names: readonly string[];
  readonly unique: boolean;
}

/** Types whose values an index of the target can hold (built-in btree operator classes). */
const INDEXABLE: ReadonlySet<number> = new Set([
  16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701, 1042, 1043, 1082, 1114, 1184, 1700, 2950,
]);
/** Columns of the look-up index of a table without a key: more do not narrow much further. */
const MAX_LOOKUP_COLUMNS = 4;

export function matchColumns(plan: QueryPlan): MatchColumns {
  if (plan.resultKey !== null && plan.resultKey.length > 0) {
    const keyColumns = plan.resultKey.map((index) => must(plan.result[index]));
    if (keyColumns.every((column) => INDEXABLE.has(column.typeOid)))
      return { names: keyColumns.map(({ name }) => name), unique: true };
  }
  const indexable = plan.result.filter((column) => INDEXABLE.has(column.typeOid)).slice(0, MAX_LOOKUP_COLUMNS);
  return { names: indexable.map(({ name }) => name), unique: false };
}

/** The statements that make the table, given each column's type as `format_type` prints it. */
export function createStatements(
  target: Target,
  result: readonly ResultColumn[],
  types: readonly string[],
  match: MatchColumns,
): string[] {
  const columns = result.map((column, index) => `${quoteIdentifier(column.name)} ${must(types[index])}`);
  const statements = [`CREATE TABLE ${qualifiedName(target)} (${columns.join(", ")})`];
  if (match.names.length > 0) {
    const names = match.names.map(quoteIdentifier).join(", ");
    statements.push(`CREATE ${match.unique ? "UNIQUE " : ""}INDEX ON ${qualifiedName(target)} (${names})`);
  }
  return statements;
}

export function formatTypesQuery(result: readonly ResultColumn[]): string {
  const calls = result.map(({ typeOid, typmod }) => `pg_catalog.format_type(${typeOid}, ${typmod})`);
  return `SELECT ${calls.join(", ")}`;
}

/** Present columns of the target in order, or no row when there is no such relation. */
export function presentColumnsQuery(target: Target): string {
  return `
    SELECT c.relkind::text, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE n.nspname = ${quoteLiteral(target.schema)} AND c.relname = ${quoteLiteral(target.table)}
     ORDER BY a.attnum`;
}
