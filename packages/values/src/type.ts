/** What Freshet knows of a PostgreSQL type. Persisted with plans, so that restarts need no upstream. */
export interface PgType {
  readonly oid: number;
  readonly name: string;
  readonly kind: "base" | "enum" | "array";
  /** Element type of an array. */
  readonly elementOid?: number;
  /** Labels of an enum in their declared order. */
  readonly labels?: readonly string[];
}

/** A column's or expression's type as the analysed tree gives it. */
export interface ColumnType {
  readonly typeOid: number;
  readonly typmod: number;
  /** Collation OID; 0 for types without one. */
  readonly collation: number;
}

/** A collation with what is needed to know whether byte order is its order. */
export interface PgCollation {
  readonly oid: number;
  readonly name: string;
  readonly deterministic: boolean;
  /** True for C, POSIX, C.UTF-8 and builtin code-point collations: UTF-8 byte order is their order. */
  readonly byteOrdered: boolean;
}
