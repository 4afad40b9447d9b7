import type { TableSchema } from "@freshet/contract";
import type { KeepCode, RelationMessage } from "@freshet/wire";
import { Keep } from "@freshet/wire";

/** How a relation's tuples become a table's rows: what to keep of each column of the message. */
export interface RowPlan {
  readonly row: readonly KeepCode[];
  /** For old tuples that carry the identity only. */
  readonly key: readonly KeepCode[];
}

/** Undefined when the relation is not of the table's shape any more. */
export function planRows(
  table: TableSchema,
  relation: RelationMessage,
  unsendable: ReadonlySet<number>,
): RowPlan | undefined {
  if (relation.schema !== table.schema || relation.name !== table.name) return undefined;
  const keyPositions = table.identity.kind === "key" ? new Set(table.identity.columns) : undefined;
  if ((relation.identity === "f") !== (keyPositions === undefined) || relation.identity === "n") return undefined;
  const row: KeepCode[] = [];
  const key: KeepCode[] = [];
  let position = 0;
  for (const column of relation.columns) {
    if (table.generated?.includes(column.name) === true) {
      row.push(Keep.no);
      key.push(Keep.no);
      continue;
    }
    const known = table.columns[position];
    if (known === undefined || known.name !== column.name) {
      // Only a column that cannot be replicated may be one that the table's schema leaves out.
      if (!unsendable.has(column.typeOid)) return undefined;
      row.push(Keep.no);
      key.push(Keep.no);
      continue;
    }
    if (known.typeOid !== column.typeOid || known.typmod !== column.typmod) return undefined;
    const isKey = keyPositions?.has(position) ?? true;
    if (isKey !== column.key) return undefined;
    row.push(Keep.yes);
    key.push(isKey ? Keep.yes : Keep.asNull);
    position++;
  }
  return position === table.columns.length ? { row, key } : undefined;
}
