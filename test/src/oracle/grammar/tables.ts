import type { Table } from "../schema.ts";
import type { Draft, Operand } from "./draft.ts";

/** A table, view or the like; those kinds are features of their own. */
export function randomTable(draft: Draft): Table {
  return draft.pick(draft.schema.tables.map((table) => ({ feature: table.feature, weight: 1, table }))).table;
}

export function columnsOf(table: Table, alias: string): Operand[] {
  return table.columns.map((column) => ({ sql: `${alias}.${column.name}`, kind: column.kind }));
}
