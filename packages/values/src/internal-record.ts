import { writeRecord } from "./codecs/composite.ts";
import { readElements, storageOf } from "./internal-datum.ts";
import { varlenaBody } from "./internal-varlena.ts";

/** A column of a composite type: its number (`attnum`) and its type. */
export interface RecordColumn {
  readonly attribute: number;
  readonly typeOid: number;
}

/** HeapTupleHeaderData of a composite Datum: length, typmod, type; item pointer; two info masks; where the columns begin; NULL bitmap. */
const TYPE_AT = 8;
const INFOMASK2_AT = 18;
const INFOMASK_AT = 20;
const COLUMNS_BEGIN_AT = 22;
const BITMAP_AT = 23;
const COLUMN_COUNT_MASK = 0x7ff;
const HAS_NULL = 1;

/**
 * The send format of a composite value in the server's memory layout, as `decodeInternalDatum` reads other values. Undefined
 * where a column's type is not one of the built-in scalars, or the row is not as the type says.
 */
export function decodeInternalRecord(
  typeOid: number,
  bytes: Buffer,
  columns: readonly RecordColumn[],
): Buffer | undefined {
  const body = varlenaBody(bytes);
  if (body === undefined || body.length !== bytes.length || bytes.length <= BITMAP_AT) return undefined;
  if (bytes.readUInt32LE(TYPE_AT) !== typeOid) return undefined;
  const count = bytes.readUInt16LE(INFOMASK2_AT) & COLUMN_COUNT_MASK;
  const hasNull = (bytes.readUInt16LE(INFOMASK_AT) & HAS_NULL) !== 0;
  const isNull = (position: number): boolean =>
    hasNull && ((bytes[BITMAP_AT + (position >>> 3)] ?? 0) & (1 << (position & 7))) === 0;
  const values: (Buffer | null)[] = [];
  let at = bytes[COLUMNS_BEGIN_AT] ?? 0;
  for (let position = 0; position < count; position++) {
    const column = columns.find(({ attribute }) => attribute === position + 1);
    if (isNull(position)) {
      if (column !== undefined) values.push(null);
      continue;
    }
    const storage = column === undefined ? undefined : storageOf(column.typeOid);
    const read = storage === undefined ? undefined : readElements(bytes, at, 1, storage, undefined);
    const [value] = read?.elements ?? [];
    if (read === undefined || value === undefined) return undefined;
    values.push(value);
    at = read.end;
  }
  if (values.length !== columns.length) return undefined;
  return writeRecord(
    columns.map((column) => column.typeOid),
    values,
  );
}
