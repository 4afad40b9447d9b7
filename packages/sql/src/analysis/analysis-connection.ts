import type { ColumnType } from "@freshet/values";

/** A column as Describe reports it. */
export interface DescribedColumn extends ColumnType {
  readonly name: string;
  readonly tableOid: number;
  readonly attribute: number;
  readonly typeLength: number;
}

/**
 * The upstream as analysis needs it: one connection that it has to itself, on which it opens and rolls
 * back a transaction of its own.
 */
export interface AnalysisConnection {
  /** Runs one statement by the simple protocol; rows as text. Rejects with a FreshetError that carries the upstream's fields. */
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  /** Parses the statement and describes it without running it: parameter type OIDs, result columns (collation is 0 here). */
  describe(
    sql: string,
  ): Promise<{ readonly parameters: readonly number[]; readonly columns: readonly DescribedColumn[] }>;
}
