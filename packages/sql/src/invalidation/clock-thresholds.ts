import { must } from "@freshet/base";
import type { AnalysisConnection } from "../analysis/analysis-connection.ts";
import { type NodeValue, TreeNode } from "../analysis/node-tree.ts";
import { RteKind } from "../analysis/table-checks.ts";
import { unsupported } from "../analysis/unsupported.ts";
import { clockComparison } from "./clock-comparison.ts";
import type { ClockMoment, ClockThreshold } from "./invalidation-plan.ts";

/** A threshold whose names are not known yet. */
export interface FoundThreshold {
  readonly relation: number;
  readonly only: boolean;
  readonly attribute: number;
  readonly moment: ClockMoment;
}

/** Every comparison of a table's column with the clock, at any level of a tree whose views are expanded; each once. */
export function collectThresholds(tree: NodeValue): FoundThreshold[] {
  const found = new Map<string, FoundThreshold>();
  visit(tree, [], found);
  return [...found.values()];
}

function visit(value: NodeValue, rangeTable: readonly TreeNode[], found: Map<string, FoundThreshold>): void {
  if (value instanceof TreeNode) {
    const comparison = clockComparison(value);
    if (comparison !== null) {
      const threshold = thresholdOn(rangeTable[comparison.varno - 1], comparison);
      found.set(JSON.stringify(threshold), threshold);
      return;
    }
    const own = value.type === "QUERY" ? value.nodes("rtable") : rangeTable;
    for (const member of value.fields.values()) visit(member, own, found);
  } else if (Array.isArray(value)) {
    for (const item of value as readonly NodeValue[]) visit(item, rangeTable, found);
  }
}

function thresholdOn(
  entry: TreeNode | undefined,
  { attribute, moment }: { readonly attribute: number; readonly moment: ClockMoment },
): FoundThreshold {
  if (entry?.int("rtekind") !== RteKind.relation)
    throw unsupported("now() is STABLE, and compared with something else than a table's column");
  return { relation: entry.int("relid"), only: !entry.flag("inh"), attribute, moment };
}

/** With the names that SQL for the upstream needs. */
export async function nameThresholds(
  connection: AnalysisConnection,
  found: readonly FoundThreshold[],
): Promise<ClockThreshold[]> {
  if (found.length === 0) return [];
  const wanted = found.map(({ relation, attribute }) => `(${relation}::pg_catalog.oid, ${attribute})`).join(", ");
  const rows = await connection.query(`
    SELECT a.attrelid, a.attnum, pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.quote_ident(a.attname),
      a.atttypid = 'pg_catalog.timestamptz'::pg_catalog.regtype
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE (a.attrelid, a.attnum) IN (${wanted})`);
  const names = new Map(rows.map((row) => [`${row[0]}.${row[1]}`, row]));
  return found.map(({ relation, only, attribute, moment }) => {
    const [, , table, column, zoned] = names.get(`${relation}.${attribute}`) ?? [];
    if (table == null) throw unsupported("one of its tables was changed meanwhile");
    return { table, only, column: must(column), absolute: zoned === "t" || moment.base === "now", moment };
  });
}
