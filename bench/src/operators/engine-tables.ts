import type { TableSchema } from "@freshet/contract";

const INT4 = 23;

/** An int4 as PostgreSQL sends it in binary. */
export function int4(value: number | null): Buffer | null {
  if (value === null) return null;
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** A table of int4 columns, the first of which is its key. */
export function tableOf(oid: number, schema: string, name: string, columns: readonly string[]): TableSchema {
  return {
    oid,
    schema,
    name,
    columns: columns.map((column, at) => ({ attribute: at + 1, name: column, typeOid: INT4, typmod: -1 })),
    identity: { kind: "key", columns: [0] },
  };
}
