import type { CacheDefinition, CacheState, TableSchema } from "@freshet/contract";
import { META_ARRANGEMENT } from "@freshet/contract";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { pack, unpack } from "msgpackr";
import type { NodeRecord } from "../graph/node-spec.ts";

/** A table as it is kept in the store. */
export interface TableRecord {
  readonly schema: TableSchema;
  readonly state: "loading" | "live" | "invalid";
  /** Decimal. Changes with a lower commit LSN are in the snapshot already. */
  readonly snapshotLsn: string;
  readonly node: number;
  /** Arrangement of the changes that came while the table was loading. */
  readonly log: number;
}

/** A cache as it is kept in the store. */
export interface CacheRecord {
  readonly definition: CacheDefinition;
  readonly state: CacheState;
  /** The node that computes the cache's plan; null until its build begins. */
  readonly output: number | null;
}

export interface StoredNode {
  readonly node: NodeRecord;
  /** The cache whose build fills the node; null once it is live. */
  readonly building: number | null;
}

interface RecordKinds {
  readonly table: TableRecord;
  readonly cache: CacheRecord;
  readonly node: StoredNode;
}

type Kind = keyof RecordKinds;

/** Facts beside those of contract/view-layout.ts in the META arrangement. */
export const ORIGIN_KEY: Buffer = Buffer.from("origin");
export const NEXT_ID_KEY: Buffer = Buffer.from("next-id");

function recordKey(kind: Kind, id: number): Buffer {
  return Buffer.from(`${kind}/${id}`);
}

export function putRecord<K extends Kind>(
  transaction: WriteTransaction,
  kind: K,
  id: number,
  record: RecordKinds[K],
): void {
  transaction.put(META_ARRANGEMENT, recordKey(kind, id), pack(record));
}

export function removeRecord(transaction: WriteTransaction, kind: Kind, id: number): void {
  transaction.remove(META_ARRANGEMENT, recordKey(kind, id));
}

/** All records of a kind. They were written by `putRecord`, so their shape is known. */
export function readRecords<K extends Kind>(reads: ReadTransaction, kind: K): RecordKinds[K][] {
  const entries = [...reads.scanPrefix(META_ARRANGEMENT, Buffer.from(`${kind}/`))];
  return entries.map((entry) => unpack(entry.value) as RecordKinds[K]);
}

export function nodeTallyKey(id: number): Buffer {
  return Buffer.from(`node-tally/${id}`);
}

export function viewTallyKey(cacheId: number): Buffer {
  return Buffer.from(`view-tally/${cacheId}`);
}

const GARBAGE_PREFIX: Buffer = Buffer.from("garbage/");

/** Leaves an arrangement to be emptied by and by. */
export function discardArrangement(transaction: WriteTransaction, arrangement: number): void {
  transaction.put(META_ARRANGEMENT, Buffer.concat([GARBAGE_PREFIX, Buffer.from(`${arrangement}`)]), Buffer.from("1"));
}

/** An arrangement that waits to be emptied; null when none does. */
export function nextGarbage(reads: ReadTransaction): { readonly key: Buffer; readonly arrangement: number } | null {
  for (const { key } of reads.scanPrefix(META_ARRANGEMENT, GARBAGE_PREFIX, 1)) {
    return { key, arrangement: Number(key.subarray(GARBAGE_PREFIX.length).toString()) };
  }
  return null;
}

const BUILD_LOG_PREFIX: Buffer = Buffer.from("build-log/");

/** The log of a running build: found by this after a crash. */
export function rememberBuildLog(transaction: WriteTransaction, arrangement: number): void {
  transaction.put(META_ARRANGEMENT, Buffer.concat([BUILD_LOG_PREFIX, Buffer.from(`${arrangement}`)]), Buffer.from("1"));
}

export function forgetBuildLog(transaction: WriteTransaction, arrangement: number): void {
  transaction.remove(META_ARRANGEMENT, Buffer.concat([BUILD_LOG_PREFIX, Buffer.from(`${arrangement}`)]));
  discardArrangement(transaction, arrangement);
}

/** Logs of builds that a crash broke off. */
export function forgetBuildLogs(transaction: WriteTransaction): void {
  for (const { key } of [...transaction.scanPrefix(META_ARRANGEMENT, BUILD_LOG_PREFIX)]) {
    forgetBuildLog(transaction, Number(key.subarray(BUILD_LOG_PREFIX.length).toString()));
  }
}
