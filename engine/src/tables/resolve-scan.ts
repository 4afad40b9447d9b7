import { FreshetError, SqlState } from "@freshet/base";
import type { TableSchema } from "@freshet/contract";
import type { QueryPlan } from "@freshet/sql";
import type { ColumnType } from "@freshet/values";
import type { TableEntry } from "../catalog/catalog.ts";
import { attributePositions, type ResolveScan, type ScanTarget } from "../graph/plan-specs.ts";

/** Types of a table's stored columns. Collations matter only where a plan compares, and it brings its own. */
export function tableColumnTypes(table: TableSchema): readonly ColumnType[] {
  return table.columns.map(({ typeOid, typmod }) => ({ typeOid, typmod, collation: 0 }));
}

function targetIn(table: TableEntry, attributes: readonly number[]): ScanTarget {
  const { node, schema } = table;
  return {
    tableNode: node.record.id,
    identity: schema.identity.kind,
    tableColumns: node.record.columns,
    positions: attributePositions(schema, attributes),
  };
}

function tableName(plan: QueryPlan, tableOid: number): string {
  const table = plan.tables.find((dependency) => dependency.tableOid === tableOid);
  return table === undefined ? `with OID ${tableOid}` : `"${table.schema}.${table.name}"`;
}

/** Finds the tables of a plan that is about to be built: they must be live. */
export function resolveLive(tables: ReadonlyMap<number, TableEntry>, plan: QueryPlan): ResolveScan {
  return (tableOid, attributes) => {
    const table = tables.get(tableOid);
    if (table?.state === "live") return targetIn(table, attributes);
    throw new FreshetError(
      SqlState.objectNotInPrerequisiteState,
      `table ${tableName(plan, tableOid)} is ${table === undefined ? "not replicated" : table.state}`,
    );
  };
}

/** Finds the tables of a plan that is only looked at; unknown ones pass as a table of just these columns. */
export function resolveForCheck(tables: ReadonlyMap<number, TableEntry>): ResolveScan {
  return (tableOid, attributes) => {
    const table = tables.get(tableOid);
    if (table?.state === "live") return targetIn(table, attributes);
    const tableColumns = attributes.map(() => ({ typeOid: 0, typmod: -1, collation: 0 }));
    return { tableNode: 0, identity: "key", tableColumns, positions: attributes.map((_attribute, index) => index) };
  };
}
