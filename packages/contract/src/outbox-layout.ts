import type { Lsn, Row } from "@freshet/values";

/**
 * A write-back cache's outbox: deltas of the visible rows, kept until the upstream holds them. One LSN has
 * those of one store transaction: run after run of the graph, each run consolidated and its retractions first. Arrangement FIRST_OUTBOX_ARRANGEMENT + cache id:
 *   uint64 LSN, uint32 sequence -> int32 weight, packed visible row
 */
export const FIRST_OUTBOX_ARRANGEMENT: number = 1 << 29;

export function outboxArrangement(cacheId: number): number {
  return FIRST_OUTBOX_ARRANGEMENT + cacheId;
}

export function outboxKey(lsn: Lsn, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(12);
  key.writeBigUInt64BE(lsn, 0);
  key.writeUInt32BE(sequence, 8);
  return key;
}

export function outboxKeyLsn(key: Buffer): Lsn {
  return key.readBigUInt64BE(0);
}

export interface OutboxDelta {
  readonly weight: number;
  readonly row: Row;
}

export function encodeOutboxDelta(delta: OutboxDelta): Buffer {
  const bytes = Buffer.allocUnsafe(4 + delta.row.length);
  bytes.writeInt32BE(delta.weight, 0);
  bytes.set(delta.row, 4);
  return bytes;
}

export function decodeOutboxDelta(bytes: Buffer): OutboxDelta {
  return { weight: bytes.readInt32BE(0), row: bytes.subarray(4) };
}
