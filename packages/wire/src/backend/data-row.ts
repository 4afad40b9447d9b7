import type { Row } from "@freshet/values";
import { BackendType, HEADER_BYTES } from "../message-types.ts";

const PREFIX_BYTES = HEADER_BYTES + 2;

/** Size of the DataRow that carries `row` with all columns in binary format. */
export function binaryDataRowSize(row: Row): number {
  return PREFIX_BYTES + row.length;
}

/** Writes a DataRow of a packed row, all columns binary, at `at` of `target`; returns its end. */
export function writeBinaryDataRow(target: Buffer, at: number, row: Row, columns: number): number {
  const end = writePrefix(target, at, PREFIX_BYTES + row.length, columns);
  target.set(row, end);
  return end + row.length;
}

/** Bytes of a DataRow with these column values. */
export function dataRowSize(values: readonly (Uint8Array | null)[]): number {
  let size = PREFIX_BYTES;
  for (const value of values) size += 4 + (value === null ? 0 : value.length);
  return size;
}

/** Writes a DataRow of values that are already in the form the client asked for; returns its end. */
export function writeDataRow(target: Buffer, at: number, values: readonly (Uint8Array | null)[]): number {
  let position = writePrefix(target, at, dataRowSize(values), values.length);
  for (const value of values) {
    position = target.writeInt32BE(value === null ? -1 : value.length, position);
    if (value === null) continue;
    target.set(value, position);
    position += value.length;
  }
  return position;
}

/** One DataRow with memory of its own. */
export function encodeDataRow(values: readonly (Uint8Array | null)[]): Buffer {
  const message = Buffer.allocUnsafe(dataRowSize(values));
  writeDataRow(message, 0, values);
  return message;
}

function writePrefix(target: Buffer, at: number, size: number, columns: number): number {
  target[at] = BackendType.dataRow;
  target.writeUInt32BE(size - 1, at + 1);
  return target.writeUInt16BE(columns, at + HEADER_BYTES);
}
