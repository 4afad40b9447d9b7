import { encodeDataRow, encodeRowDescription } from "@freshet/wire";

const TEXT_OID = 25;

/** RowDescription: all columns are text, which is the same in both formats. */
export function consoleDescription(columns: readonly string[], formats: readonly number[] = []): Buffer {
  return encodeRowDescription(
    columns.map((name, index) => ({
      name,
      tableOid: 0,
      attribute: 0,
      typeOid: TEXT_OID,
      typeLength: -1,
      typmod: -1,
      format: (formats.length === 1 ? formats[0] : formats[index]) ?? 0,
    })),
  );
}

export function consoleRow(row: readonly (string | null)[]): Buffer {
  return encodeDataRow(row.map((value) => (value === null ? null : Buffer.from(value))));
}
