import type { Lsn } from "@freshet/values";

/** One column of a Relation message; `key` when it belongs to the replica identity. */
export interface RelationColumn {
  readonly key: boolean;
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
}

/** `pg_class.relreplident`: default (primary key), nothing, full, index. */
export type ReplicaIdentityCode = "d" | "n" | "f" | "i";

export interface RelationMessage {
  readonly kind: "relation";
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly identity: ReplicaIdentityCode;
  readonly columns: readonly RelationColumn[];
}

/**
 * A message of the pgoutput plugin, protocol version 1. Tuples are views on the message's bytes (column
 * count included), to be packed with TuplePacker before the bytes are reused.
 */
export type PgoutputMessage =
  /** `finalLsn` is where the transaction's commit record starts. */
  | { readonly kind: "begin"; readonly finalLsn: Lsn; readonly commitTime: bigint; readonly xid: number }
  /** `commitLsn` equals the Begin's finalLsn; `endLsn` is where the commit record ends. */
  | { readonly kind: "commit"; readonly commitLsn: Lsn; readonly endLsn: Lsn; readonly commitTime: bigint }
  | { readonly kind: "origin"; readonly lsn: Lsn; readonly name: string }
  | RelationMessage
  | { readonly kind: "type"; readonly oid: number; readonly schema: string; readonly name: string }
  | { readonly kind: "insert"; readonly oid: number; readonly tuple: Buffer }
  | {
      readonly kind: "update";
      readonly oid: number;
      /** K: the old identity columns; O: the whole old row; null: the identity did not change. */
      readonly oldKind: "K" | "O" | null;
      readonly oldTuple: Buffer | null;
      readonly tuple: Buffer;
    }
  | { readonly kind: "delete"; readonly oid: number; readonly oldKind: "K" | "O"; readonly oldTuple: Buffer }
  | {
      readonly kind: "truncate";
      readonly oids: readonly number[];
      readonly cascade: boolean;
      readonly restartIdentity: boolean;
    }
  /** pg_logical_emit_message; `content` is a view on the message. */
  | {
      readonly kind: "message";
      readonly transactional: boolean;
      readonly lsn: Lsn;
      readonly prefix: string;
      readonly content: Buffer;
    };
