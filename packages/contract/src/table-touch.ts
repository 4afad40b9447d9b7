/**
 * A row that a transaction wrote or removed, as far as it is told: one entry per column asked for, in
 * PostgreSQL's binary send format. Null is NULL; undefined is a value that the stream does not carry.
 */
export type TouchedRow = readonly (Buffer | null | undefined)[];

/** What one transaction did to a watched table (ChangeSource.watchTables). */
export interface TableTouch {
  readonly tableOid: number;
  /** The columns that the rows are made of. */
  readonly columns: readonly string[];
  /** Every old and every new row; null when they are too many to tell, or are not known: any row may have changed. */
  readonly rows: readonly TouchedRow[] | null;
}

/** A table of which only the touches are wanted, and the columns that tell its rows apart. */
export interface WatchedTable {
  readonly tableOid: number;
  readonly columns: readonly string[];
}
