import { FreshetError, must, quoteIdentifier, quoteLiteral, SqlState } from "@freshet/base";
import type { QueryPlan, ResultColumn } from "@freshet/sql";

/** The upstream table that a cache is written to. */
export interface Target {
  readonly schema: string;
  readonly table: string;
}

/** Name of the deltas' own column, beside those of the query. */
export const WEIGHT_COLUMN = "freshet_weight";

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
    if (name === WEIGHT_COLUMN) {
      throw new FreshetError(SqlState.featureNotSupported, `a column cannot be named "${name}" here`, {
        detail: "Freshet's own deltas have a column of this name.",
        hint: "Give the column an alias with AS.",
      });
    }
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

/** Columns by which rows of the target are found: the result's key, else those that an index can hold. */
export interface MatchColumns {
  readonly names: readonly string[];
  /** What is to be indexed besides: no more than narrows the search. */
  readonly indexes: readonly { readonly method: "btree" | "hash"; readonly columns: readonly string[] }[];
  readonly unique: boolean;
}

/** Types whose values an index of the target can hold (built-in btree operator classes). */
const INDEXABLE: ReadonlySet<number> = new Set([
  16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701, 1042, 1043, 1082, 1114, 1184, 1700, 2950,
]);
/** Of these, those whose values may be longer than a btree takes. */
const LONG_TYPES: ReadonlySet<number> = new Set([17, 25, 1042, 1043, 1700]);
/** Columns of the look-up index of a table without a key: more do not narrow much further. */
const MAX_LOOKUP_COLUMNS = 4;

export function matchColumns(plan: QueryPlan): MatchColumns {
  if (plan.resultKey !== null && plan.resultKey.length > 0) {
    const keyColumns = plan.resultKey.map((index) => must(plan.result[index]));
    if (keyColumns.every((column) => INDEXABLE.has(column.typeOid))) {
      const names = keyColumns.map(({ name }) => name);
      return { names, indexes: [{ method: "btree", columns: names }], unique: true };
    }
  }
  const indexable = plan.result.filter((column) => INDEXABLE.has(column.typeOid));
  const namesOf = (columns: readonly ResultColumn[]): string[] => columns.map(({ name }) => name);
  const short = namesOf(indexable.filter((column) => !LONG_TYPES.has(column.typeOid)).slice(0, MAX_LOOKUP_COLUMNS));
  // A hash index takes values of any length, but only one column.
  const long = namesOf(indexable.filter((column) => LONG_TYPES.has(column.typeOid)).slice(0, 1));
  return {
    names: [...short, ...long],
    indexes: [
      ...(short.length === 0 ? [] : [{ method: "btree" as const, columns: short }]),
      ...(long.length === 0 ? [] : [{ method: "hash" as const, columns: long }]),
    ],
    unique: false,
  };
}

/** The statements that make the table, given each column's type as `format_type` prints it. */
export function createStatements(
  target: Target,
  result: readonly ResultColumn[],
  types: readonly string[],
  match: MatchColumns,
): string[] {
  const columns = result.map((column, index) => `${quoteIdentifier(column.name)} ${must(types[index])}`);
  const create = `CREATE TABLE ${qualifiedName(target)} (${columns.join(", ")})`;
  const indexes = match.indexes.map(({ method, columns }) => {
    const names = columns.map(quoteIdentifier).join(", ");
    return `CREATE ${match.unique ? "UNIQUE " : ""}INDEX ON ${qualifiedName(target)} USING ${method} (${names})`;
  });
  return [create, ...indexes];
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
