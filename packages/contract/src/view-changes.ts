/**
 * Which keys of which views each store transaction changed: readers keep what they made of the others. Written by the engine in
 * the same transaction, read by the fronts.
 *
 * Arrangement META, key `changes` -> uint48 number of the store's state, uint48 first number whose changes the log still has, uint48 bytes of the log.
 * Arrangement VIEW_CHANGES (3): uint48 number -> changes; nothing for a number that changed no view.
 * A list of changes: uint32 cache id, uint16 length, the key (its equality columns', as in view-layout.ts) - or length 0xFFFF: any of the view's keys.
 */
export const VIEW_CHANGES_ARRANGEMENT = 3;
export const CHANGES_HEAD_KEY: Buffer = Buffer.from("changes");

const NUMBER_BYTES = 6;
const WHOLE_VIEW = 0xffff;

export interface ChangesHead {
  /** Rises with each store transaction of the engine: states with equal numbers are one state. */
  readonly number: number;
  readonly first: number;
  readonly bytes: number;
}

export function encodeChangesHead({ number, first, bytes }: ChangesHead): Buffer {
  const encoded = Buffer.allocUnsafe(3 * NUMBER_BYTES);
  encoded.writeUIntBE(number, 0, NUMBER_BYTES);
  encoded.writeUIntBE(first, NUMBER_BYTES, NUMBER_BYTES);
  encoded.writeUIntBE(bytes, 2 * NUMBER_BYTES, NUMBER_BYTES);
  return encoded;
}

export function decodeChangesHead(encoded: Buffer): ChangesHead {
  return {
    number: encoded.readUIntBE(0, NUMBER_BYTES),
    first: encoded.readUIntBE(NUMBER_BYTES, NUMBER_BYTES),
    bytes: encoded.readUIntBE(2 * NUMBER_BYTES, NUMBER_BYTES),
  };
}

export function viewChangesKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(NUMBER_BYTES);
  key.writeUIntBE(number, 0, NUMBER_BYTES);
  return key;
}

export function viewChangesNumber(key: Buffer): number {
  return key.readUIntBE(0, NUMBER_BYTES);
}

/** One change of a list; `key` null: any key of the view may have changed. */
export function encodeViewChange(cacheId: number, key: Buffer | null): Buffer {
  const encoded = Buffer.allocUnsafe(6 + (key?.length ?? 0));
  encoded.writeUInt32BE(cacheId, 0);
  encoded.writeUInt16BE(key?.length ?? WHOLE_VIEW, 4);
  key?.copy(encoded, 6);
  return encoded;
}

/** Goes through a list; keys are views on it. */
export function readViewChanges(list: Buffer, change: (cacheId: number, key: Buffer | null) => void): void {
  for (let at = 0; at < list.length;) {
    const cacheId = list.readUInt32BE(at);
    const length = list.readUInt16BE(at + 4);
    at += 6;
    if (length === WHOLE_VIEW) change(cacheId, null);
    else {
      change(cacheId, list.subarray(at, at + length));
      at += length;
    }
  }
}
