/** A node's counters; kept in the store with the node's state. */
export interface Tally {
  /** Sum of the weights of rows (or groups) that the node fails on. */
  errors: number;
  /** Sum of the weights in the node's main arrangement. */
  rows: number;
  /** Bytes of keys and values in the node's arrangements. */
  bytes: number;
}

const TALLY_BYTES = 24;

export function newTally(): Tally {
  return { errors: 0, rows: 0, bytes: 0 };
}

export function encodeTally(tally: Tally): Buffer {
  const bytes = Buffer.allocUnsafe(TALLY_BYTES);
  bytes.writeDoubleBE(tally.errors, 0);
  bytes.writeDoubleBE(tally.rows, 8);
  bytes.writeDoubleBE(tally.bytes, 16);
  return bytes;
}

export function decodeTally(bytes: Buffer): Tally {
  return { errors: bytes.readDoubleBE(0), rows: bytes.readDoubleBE(8), bytes: bytes.readDoubleBE(16) };
}
