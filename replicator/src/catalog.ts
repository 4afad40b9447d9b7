import type { ReplicaIdentity, TableColumn, TableSchema } from "@freshet/contract";
import type { Client } from "pg";

/** A table as the catalog has it, with what decides whether and how it can be replicated. */
export interface CatalogTable {
  readonly schema: TableSchema;
  /** `pg_class.relkind`: only r, an ordinary table or a partition that holds rows, can be replicated. */
  readonly relkind: string;
  readonly permanent: boolean;
  /** False when UPDATE and DELETE would fail (or be unusable) once the table is published. */
  readonly identityUsable: boolean;
  /** PostgreSQL never publishes virtual generated columns, nor the changes of a table that is identified by all of them. */
  readonly virtualColumns: boolean;
  readonly estimatedRows: number;
  /** The file that holds its rows: TRUNCATE and rewriting commands replace it. */
  readonly file: string | null;
}

interface TableRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly relkind: string;
  readonly permanent: boolean;
  readonly full: boolean;
  readonly keys: readonly string[] | null;
  readonly rows: number;
  readonly file: string | null;
  readonly generated: readonly string[] | null;
  readonly virtual: boolean;
  readonly detaching: boolean;
  readonly columns: readonly { attribute: number; name: string; type: string; typmod: number }[] | null;
}

/** Names of the identity columns of relation `c`, sorted; NULL when none. Deferrable keys do not identify. */
const IDENTITY_KEYS = `(SELECT jsonb_agg(a.attname ORDER BY a.attname) FROM pg_index i
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
     WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
       AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END)`;

const QUERY = `
SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind, c.relpersistence = 'p' AS permanent,
       c.relreplident = 'f' AS full, ${IDENTITY_KEYS} AS keys,
       pg_relation_filenode(c.oid)::text AS file, GREATEST(c.reltuples, 0)::float8 AS rows,
       EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid AND i.inhdetachpending) AS detaching,
       (SELECT jsonb_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attgenerated <> '' AND NOT a.attisdropped) AS generated,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated = 'v' AND NOT a.attisdropped) AS virtual,
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
  return {
    schema: {
      oid: Number(row.oid),
      schema: row.schema,
      name: row.name,
      columns,
      identity: identity ?? { kind: "full" },
      ...(row.generated === null ? {} : { generated: row.generated }),
      ...(row.detaching ? { detaching: true } : {}),
    },
    relkind: row.relkind,
    permanent: row.permanent,
    identityUsable: identity !== undefined && !(row.full && row.virtual),
    virtualColumns: row.virtual,
    estimatedRows: row.rows,
    file: row.file,
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
