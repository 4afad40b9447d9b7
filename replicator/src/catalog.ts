import type { ReplicaIdentity, TableColumn, TableSchema } from "@freshet/contract";
import type { Client } from "pg";

/** A table as the catalog has it, with what decides whether and how it can be replicated. */
export interface CatalogTable {
  readonly schema: TableSchema;
  /** `pg_class.relkind`: r is an ordinary, p a partitioned table. */
  readonly relkind: string;
  readonly permanent: boolean;
  readonly partition: boolean;
  /** False when UPDATE and DELETE would fail (or be unusable) once the table is published. */
  readonly identityUsable: boolean;
  /** The leaf partitions whose rows are identified otherwise than the root's, or not at all. */
  readonly unusablePartitions: readonly { readonly schema: string; readonly name: string }[];
  readonly estimatedRows: number;
  /** The files that hold its rows: TRUNCATE and rewriting commands replace them. */
  readonly files: readonly string[];
}

interface TableRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly relkind: string;
  readonly permanent: boolean;
  readonly partition: boolean;
  readonly full: boolean;
  readonly keys: readonly string[] | null;
  readonly leaves: readonly { schema: string; name: string; full: boolean; keys: readonly string[] | null }[] | null;
  readonly rows: number;
  readonly files: readonly string[];
  readonly columns: readonly { attribute: number; name: string; type: string; typmod: number }[] | null;
}

/** Names of a relation's identity columns, sorted; NULL when none. Deferrable keys do not identify. */
function identityKeys(relation: string): string {
  return `(SELECT jsonb_agg(a.attname ORDER BY a.attname) FROM pg_index i
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
     WHERE i.indrelid = ${relation}.oid AND i.indisvalid AND i.indimmediate
       AND CASE ${relation}.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END)`;
}

const QUERY = `
SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind, c.relpersistence = 'p' AS permanent,
       c.relispartition AS partition, c.relreplident = 'f' AS full, ${identityKeys("c")} AS keys,
       (SELECT jsonb_agg(jsonb_build_object('schema', ln.nspname, 'name', l.relname, 'full', l.relreplident = 'f',
                                            'keys', ${identityKeys("l")}))
        FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid JOIN pg_namespace ln ON ln.oid = l.relnamespace
        WHERE c.relkind = 'p' AND t.isleaf AND l.relkind = 'r') AS leaves,
       ARRAY(SELECT l || ':' || COALESCE(pg_relation_filenode(l), 0) FROM unnest(ARRAY[c.oid] || ARRAY(
          SELECT t.relid::oid FROM pg_partition_tree(c.oid) t WHERE c.relkind = 'p' AND t.relid <> c.oid)) l ORDER BY 1) AS files,
       (SELECT COALESCE(sum(GREATEST(l.reltuples, 0)), 0)::float8 FROM pg_class l
        WHERE l.oid = c.oid OR c.relkind = 'p' AND l.oid IN (SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf)) AS rows,
       (SELECT jsonb_agg(jsonb_build_object('attribute', a.attnum, 'name', a.attname, 'type', a.atttypid::text, 'typmod', a.atttypmod)
                         ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND y.typsend <> 0) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1::oid[])`;

/** Reads the tables' shape; those that do not exist are absent. */
export async function readCatalog(session: Client, oids: readonly number[]): Promise<Map<number, CatalogTable>> {
  const answer = await session.query<TableRow>(QUERY, [oids]);
  return new Map(answer.rows.map((row) => [Number(row.oid), catalogTable(row)]));
}

function catalogTable(row: TableRow): CatalogTable {
  const columns: TableColumn[] = (row.columns ?? []).map((column) => ({
    attribute: column.attribute,
    name: column.name,
    typeOid: Number(column.type),
    typmod: column.typmod,
  }));
  const identity = tableIdentity(row, columns);
  const fits = (leaf: { full: boolean; keys: readonly string[] | null }): boolean =>
    leaf.full || (leaf.keys !== null && !row.full && JSON.stringify(leaf.keys) === JSON.stringify(row.keys));
  return {
    schema: {
      oid: Number(row.oid),
      schema: row.schema,
      name: row.name,
      columns,
      identity: identity ?? { kind: "full" },
    },
    relkind: row.relkind,
    permanent: row.permanent,
    partition: row.partition,
    identityUsable: identity !== undefined,
    unusablePartitions: (row.leaves ?? []).filter((leaf) => !fits(leaf)),
    estimatedRows: row.rows,
    files: row.files,
  };
}

/** Undefined when there is none, or when a key column is not among the replicated ones. */
function tableIdentity(row: TableRow, columns: readonly TableColumn[]): ReplicaIdentity | undefined {
  if (row.full) return { kind: "full" };
  if (row.keys === null) return undefined;
  const keys = new Set(row.keys);
  const positions = columns.flatMap((column, position) => (keys.has(column.name) ? [position] : []));
  return positions.length === keys.size ? { kind: "key", columns: positions } : undefined;
}

/** The types without a binary send function: their columns are left out. */
export async function typesWithoutSend(session: Client): Promise<Set<number>> {
  const answer = await session.query<{ oid: string }>("SELECT oid::text AS oid FROM pg_type WHERE typsend = 0");
  return new Set(answer.rows.map((row) => Number(row.oid)));
}
