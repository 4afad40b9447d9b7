import { must } from "@freshet/base";
import {
  ENTRY_TAG,
  type ListedRow,
  SPILLED_LIST,
  decodeViewList,
  encodeViewEntry,
  encodeViewList,
  isSpilledList,
  viewArrangement,
  writeSortKey,
} from "@freshet/contract";
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

/** More distinct rows of one key than this are put into entries of their own, so that tests meet both. */
const MAX_LISTED = 3;

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
    const equality = plan.equality.map(({ column }) => row[column] ?? null);
    const range = plan.range === null ? [] : [row[plan.range.column] ?? null];
    if ([...equality, ...range].includes(null)) continue;
    out.byte(ENTRY_TAG);
    for (const value of equality) int4.writeKey(must(intValue(value)), out);
    const prefix = out.take();
    for (const value of range) int4.writeKey(must(intValue(value)), out);
    for (const sort of plan.sort) writeSortKey(out, int4, intValue(row[sort.column] ?? null), sort);
    addRow(transaction, arrangement, prefix, {
      weight: 1,
      sortKey: out.take(),
      row: intRow(row.slice(0, plan.result.length)),
    });
  }
}

function addRow(transaction: WriteTransaction, arrangement: number, prefix: Buffer, added: ListedRow): void {
  const entryKey = ({ sortKey, row }: ListedRow): Buffer => Buffer.concat([prefix, sortKey, row]);
  const stored = transaction.get(arrangement, prefix);
  if (stored !== undefined && isSpilledList(stored)) {
    const weight = transaction.get(arrangement, entryKey(added))?.readUInt32BE(0) ?? 0;
    transaction.put(arrangement, entryKey(added), encodeViewEntry(weight + 1, added.row));
    return;
  }
  const listed = stored === undefined ? [] : decodeViewList(stored);
  const same = listed.findIndex((one) => entryKey(one).equals(entryKey(added)));
  if (same >= 0) listed[same] = { ...added, weight: must(listed[same]).weight + 1 };
  else listed.push(added);
  listed.sort((left, right) => Buffer.compare(entryKey(left), entryKey(right)));
  if (listed.length <= MAX_LISTED) {
    transaction.put(arrangement, prefix, encodeViewList(listed));
    return;
  }
  transaction.put(arrangement, prefix, SPILLED_LIST);
  for (const one of listed) transaction.put(arrangement, entryKey(one), encodeViewEntry(one.weight, one.row));
}
