import { must } from "@freshet/base";
import type { AnalysisConnection } from "../analysis/analysis-connection.ts";
import { type NodeValue, TreeNode } from "../analysis/node-tree.ts";
import { RteKind } from "../analysis/table-checks.ts";
import { unsupported } from "../analysis/unsupported.ts";
import type { TableDependency } from "../plan/query-plan.ts";

const REFUSED_KINDS: ReadonlyMap<string, string> = new Map([
  ["m", "is a materialized view, which changes only by REFRESH"],
  ["f", "is a foreign table, whose changes this server does not log"],
  ["S", "is a sequence, whose changes are not in the stream"],
]);

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(["pg_catalog", "information_schema", "pg_toast"]);

/** References to tables anywhere in a tree whose views are expanded: by OID, whether the tables below are read too. */
function references(tree: NodeValue): Map<number, boolean> {
  const found = new Map<number, boolean>();
  const visit = (value: NodeValue): void => {
    if (value instanceof TreeNode) {
      if (value.type === "RANGETBLENTRY" && value.int("rtekind") === RteKind.relation) addReference(value, found);
      if (value.type === "QUERY" && value.nodes("rowMarks").length > 0)
        throw unsupported("FOR UPDATE and its like lock rows");
      for (const member of value.fields.values()) visit(member);
    } else if (Array.isArray(value)) {
      for (const item of value as readonly NodeValue[]) visit(item);
    }
  };
  visit(tree);
  return found;
}

function addReference(entry: TreeNode, found: Map<number, boolean>): void {
  if (entry.nodeOrNull("tablesample") !== null) throw unsupported("TABLESAMPLE takes rows at random");
  const oid = entry.int("relid");
  found.set(oid, (found.get(oid) ?? false) || entry.flag("inh"));
}

export interface WatchedRelations {
  readonly tables: readonly TableDependency[];
  /** By the table that the query names, those whose rows it stands for. */
  readonly members: ReadonlyMap<number, readonly number[]>;
}

/**
 * The tables whose rows a tree reads: those that it names and, unless ONLY is written, all that inherit from
 * them. A partitioned table has no rows of its own.
 */
export async function watchedRelations(connection: AnalysisConnection, tree: NodeValue): Promise<WatchedRelations> {
  const named = references(tree);
  if (named.size === 0) return { tables: [], members: new Map() };
  const values = [...named].map(([oid, inherited]) => `(${oid}::pg_catalog.oid, ${inherited})`).join(", ");
  const rows = await connection.query(`
    WITH RECURSIVE member (root, oid, inherited) AS (
      SELECT oid, oid, inherited FROM (VALUES ${values}) AS named (oid, inherited)
      UNION
      SELECT m.root, i.inhrelid, true FROM member m JOIN pg_catalog.pg_inherits i ON i.inhparent = m.oid
      WHERE m.inherited AND NOT i.inhdetachpending)
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, m.root
    FROM member m JOIN pg_catalog.pg_class c ON c.oid = m.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    ORDER BY 1, m.root`);
  const present = new Set(rows.map((row) => Number(row[0])));
  for (const oid of named.keys()) if (!present.has(oid)) throw unsupported("one of its tables was dropped meanwhile");
  const tables = new Map<number, TableDependency>();
  const members = new Map<number, number[]>();
  for (const row of rows) {
    const table = tableOf(row, named);
    if (table === null) continue;
    tables.set(table.tableOid, table);
    const root = Number(row[5]);
    members.set(root, [...(members.get(root) ?? []), table.tableOid]);
  }
  return { tables: [...tables.values()], members };
}

function tableOf(row: readonly (string | null)[], named: ReadonlyMap<number, boolean>): TableDependency | null {
  const tableOid = Number(row[0]);
  const [schema, name, kind, persistence] = [must(row[1]), must(row[2]), must(row[3]), must(row[4])];
  const full = `${schema}.${name}`;
  // Only sessions with temporary tables of their own see such rows, and those are never answered from a cache.
  if (persistence === "t" && !named.has(tableOid)) return null;
  if (kind === "p") return null;
  if (SYSTEM_SCHEMAS.has(schema)) throw unsupported(`${full} is a system catalog`);
  const refused = REFUSED_KINDS.get(kind);
  if (refused !== undefined) throw unsupported(`${full} ${refused}`);
  if (kind !== "r") throw unsupported(`${full} is not a table`);
  if (persistence === "t") throw unsupported(`${full} is a temporary table`);
  if (persistence === "u")
    throw unsupported(`${full} is an unlogged table`, { hint: `ALTER TABLE ${full} SET LOGGED` });
  return { tableOid, schema, name };
}
