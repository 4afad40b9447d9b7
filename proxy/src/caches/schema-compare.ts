import type { TableSchema } from "@freshet/contract";
import type { PlannedStatement } from "@freshet/sql";

export function sameTable(known: TableSchema, now: TableSchema | undefined): boolean {
  return now !== undefined && JSON.stringify(known) === JSON.stringify(now);
}

/**
 * Tables with a column of an enum that has lost a label since the statement was planned (renamed, or the
 * statement is refused now): the old label still stands in their stored rows, so they have to be copied again.
 */
export function tablesWithLostLabels(
  tables: Iterable<TableSchema>,
  then: PlannedStatement,
  now: PlannedStatement | null,
): TableSchema[] {
  const lost = new Set<number>();
  for (const { oid, labels = [] } of then.plan.types) {
    const present = now?.plan.types.find((type) => type.oid === oid)?.labels;
    if (labels.length > 0 && !labels.every((label) => present?.includes(label) === true)) lost.add(oid);
  }
  // Types that are made of such, to any depth: each round finds those one step further off.
  for (let before = -1; before !== lost.size;) {
    before = lost.size;
    for (const { oid, elementOid, fieldOids = [] } of then.plan.types) {
      if ([elementOid, ...fieldOids].some((part) => part !== undefined && lost.has(part))) lost.add(oid);
    }
  }
  return [...tables].filter((table) => table.columns.some(({ typeOid }) => lost.has(typeOid)));
}
