/** A replicated column; the position in `TableSchema.columns` is its position in stored rows. */
export interface TableColumn {
  readonly attribute: number;
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
}

/**
 * How the upstream identifies a row in UPDATE and DELETE messages: by a key (positions in
 * `TableSchema.columns`) or by the whole old row.
 */
export type ReplicaIdentity = { readonly kind: "key"; readonly columns: readonly number[] } | { readonly kind: "full" };

/**
 * The shape of a replicated table. Columns are in attribute order, without dropped and generated
 * ones and without those whose type has no binary send function.
 */
export interface TableSchema {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly identity: ReplicaIdentity;
  /** Names of generated columns: not among `columns`, though the stream may have them. Absent without any. */
  readonly generated?: readonly string[];
  /** Present on a partition that DETACH … CONCURRENTLY has taken out and is not done with: no event trigger tells of that. */
  readonly detaching?: true;
}
