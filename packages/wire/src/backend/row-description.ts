import { frame } from "../frame.ts";
import { BackendType } from "../message-types.ts";

/** One column of a RowDescription. */
export interface FieldDescription {
  readonly name: string;
  /** 0 when the column is not a table's. */
  readonly tableOid: number;
  readonly attribute: number;
  readonly typeOid: number;
  /** -1: variable. */
  readonly typeLength: number;
  readonly typmod: number;
  /** 0 text, 1 binary. */
  readonly format: number;
}

export function encodeRowDescription(fields: readonly FieldDescription[]): Buffer {
  const parts: Buffer[] = [count(fields.length)];
  for (const field of fields) {
    const tail = Buffer.allocUnsafe(18);
    tail.writeUInt32BE(field.tableOid, 0);
    tail.writeInt16BE(field.attribute, 4);
    tail.writeUInt32BE(field.typeOid, 6);
    tail.writeInt16BE(field.typeLength, 10);
    tail.writeInt32BE(field.typmod, 12);
    tail.writeUInt16BE(field.format, 16);
    parts.push(Buffer.from(`${field.name}\0`), tail);
  }
  return frame(BackendType.rowDescription, ...parts);
}

export function encodeParameterDescription(typeOids: readonly number[]): Buffer {
  const body = Buffer.allocUnsafe(2 + 4 * typeOids.length);
  body.writeUInt16BE(typeOids.length, 0);
  typeOids.forEach((oid, index) => body.writeUInt32BE(oid, 2 + 4 * index));
  return frame(BackendType.parameterDescription, body);
}

/** Formats of a Bind (none, one for all, one per column) for `columns` columns; undefined when they do not fit. */
export function expandFormats(formats: readonly number[], columns: number): readonly number[] | undefined {
  if (formats.length === columns) return formats;
  if (formats.length > 1) return undefined;
  return new Array<number>(columns).fill(formats[0] ?? 0);
}

function count(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16BE(value, 0);
  return bytes;
}
