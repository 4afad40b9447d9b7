import { must } from "@freshet/base";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { parseNodeTree, TreeNode } from "./node-tree.ts";
import { oidList } from "./oid-list.ts";
import { unsupported } from "./unsupported.ts";

interface ColumnInfo {
  readonly attribute: number;
  readonly name: string;
  /** The expression of a generated column, whose values are not replicated; null of all others. */
  readonly generated: TreeNode | null;
}

export interface RelationInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `pg_class.relkind`. */
  readonly kind: string;
  /** `pg_class.relpersistence`. */
  readonly persistence: string;
  /** The tables that inherit from it, its partitions too, at all levels. */
  readonly descendants: readonly number[];
  readonly columns: ReadonlyMap<number, ColumnInfo>;
  /** Attributes of the primary key; empty without one. */
  readonly primaryKey: readonly number[];
}

type Row = readonly (string | null)[];

/** Loads the relations and all that inherit from them. */
export async function loadRelations(
  connection: AnalysisConnection,
  named: ReadonlySet<number>,
): Promise<Map<number, RelationInfo>> {
  const descendants = await loadDescendants(connection, named);
  const oids = oidList([...named, ...[...descendants.values()].flat()]);
  const relations = await connection.query(`
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN (${oids})`);
  const attributes = await connection.query(`
    SELECT a.attrelid, a.attnum, a.attname, CASE WHEN a.attgenerated <> '' THEN d.adbin END FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid IN (${oids}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`);
  const keys = await connection.query(`
    SELECT indrelid, indkey::pg_catalog.text FROM pg_catalog.pg_index WHERE indrelid IN (${oids}) AND indisprimary`);
  const keyOf = new Map(keys.map((row) => [Number(row[0]), must(row[1]).split(" ").map(Number)]));
  return new Map(
    relations.map((row) => {
      const oid = Number(row[0]);
      const columns = attributes.filter((attribute) => Number(attribute[0]) === oid).map(columnInfo);
      const relation: RelationInfo = {
        oid,
        schema: must(row[1]),
        name: must(row[2]),
        kind: must(row[3]),
        persistence: must(row[4]),
        descendants: descendants.get(oid) ?? [],
        columns: new Map(columns.map((column) => [column.attribute, column])),
        primaryKey: keyOf.get(oid) ?? [],
      };
      return [oid, relation];
    }),
  );
}

/** By table, those below it. A partition that is being detached counts no more. */
async function loadDescendants(
  connection: AnalysisConnection,
  named: ReadonlySet<number>,
): Promise<Map<number, number[]>> {
  const rows = await connection.query(`
    WITH RECURSIVE tree (root, member) AS (
      SELECT i.inhparent, i.inhrelid FROM pg_catalog.pg_inherits i
      WHERE i.inhparent IN (${oidList(named)}) AND NOT i.inhdetachpending
      UNION SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.member
      WHERE NOT i.inhdetachpending)
    SELECT root, member FROM tree ORDER BY root, member`);
  const descendants = new Map<number, number[]>();
  for (const row of rows) {
    const root = Number(row[0]);
    descendants.set(root, [...(descendants.get(root) ?? []), Number(row[1])]);
  }
  return descendants;
}

function columnInfo(row: Row): ColumnInfo {
  return { attribute: Number(row[1]), name: must(row[2]), generated: row[3] == null ? null : expressionTree(row[3]) };
}

function expressionTree(text: string): TreeNode {
  const tree = parseNodeTree(text);
  if (tree instanceof TreeNode) return tree;
  throw unsupported("the expression of a generated column is not understood");
}
