import { must } from "@freshet/base";
import { ENTRY_TAG, encodeViewEntry, viewArrangement, writeSortKey } from "@freshet/contract";
import type { QueryPlan } from "@freshet/sql";
import type { WriteTransaction } from "@freshet/store";
import { type ColumnType, KeyWriter, Oid, createCodecs, packRow } from "@freshet/values";

/** A row of int4 columns; null for NULL. */
export type IntRow = readonly (number | null)[];

const INT4: ColumnType = { typeOid: Oid.int4, typmod: -1, collation: 0 };

/** A plan over `columns` int4 columns, of which the first `visible` are the result; everything else as given. */
export function intPlan(columns: number, visible: number, parts: Partial<QueryPlan> = {}): QueryPlan {
  return {
    plan: {
      kind: "scan",
      tableOid: 1,
      attributes: Array.from({ length: columns }, (_unused, index) => index + 1),
      columns: Array.from({ length: columns }, () => INT4),
    },
    result: Array.from({ length: visible }, (_unused, index) => ({
      ...INT4,
      name: `c${index}`,
      tableOid: 1,
      attribute: index + 1,
      typeLength: 4,
    })),
    parameters: [],
    equality: [],
    range: null,
    sort: [],
    limit: null,
    offset: null,
    missingKeyRow: null,
    resultKey: null,
    tables: [{ tableOid: 1, schema: "public", name: "t" }],
    privileges: [{ relation: 1, attributes: [1], role: null, named: true }],
    types: [],
    collations: [],
    ...parts,
  };
}

const int4 = must(createCodecs([]).get(Oid.int4));

export function intValue(value: number | null): Buffer | null {
  return value === null ? null : int4.encode(value);
}

export function intRow(values: IntRow): Buffer {
  return packRow(values.map(intValue));
}

/** Writes rows into a cache's view as contract/view-layout.ts says; each as often as it stands there. */
export function writeView(
  transaction: WriteTransaction,
  cacheId: number,
  plan: QueryPlan,
  rows: readonly IntRow[],
): void {
  const arrangement = viewArrangement(cacheId);
  const out = new KeyWriter();
  for (const row of rows) {
    const keyed = [...plan.equality.map(({ column }) => column), ...(plan.range === null ? [] : [plan.range.column])];
    if (keyed.some((column) => row[column] === null)) continue;
    out.truncate(0);
    out.byte(ENTRY_TAG);
    for (const column of keyed) int4.writeKey(must(intValue(row[column] ?? null)), out);
    for (const sort of plan.sort) writeSortKey(out, int4, intValue(row[sort.column] ?? null), sort);
    const visible = intRow(row.slice(0, plan.result.length));
    out.bytes(visible);
    const key = out.take();
    const weight = transaction.get(arrangement, key)?.readUInt32BE(0) ?? 0;
    transaction.put(arrangement, key, encodeViewEntry(weight + 1, visible));
  }
}
