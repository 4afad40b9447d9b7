/** What Freshet knows of a PostgreSQL type. Persisted with plans, so that restarts need no upstream. */
export interface PgType {
  readonly oid: number;
  readonly name: string;
  readonly kind: "base" | "enum" | "array" | "domain" | "composite" | "range" | "multirange";
  /** Element type of an array, base type of a domain, subtype of a range, range type of a multirange. */
  readonly elementOid?: number;
  /** Labels of an enum in their declared order. */
  readonly labels?: readonly string[];
  /** Types of a composite's columns. */
  readonly fieldOids?: readonly number[];
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
