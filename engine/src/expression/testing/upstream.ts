import { createDatabase, startPostgres } from "@freshet/postgres";
import { createCodecs, Oid } from "@freshet/values";
import type { CodecSet, ColumnType, PgType } from "@freshet/values";
import pg from "pg";

/** A type of the test database with the function that gives its binary form. */
export interface UpstreamType {
  readonly oid: number;
  readonly name: string;
  readonly send: string;
}

/** A value given as text, with its binary form from PostgreSQL. */
export interface Literal {
  readonly type: UpstreamType;
  readonly text: string | null;
}

/** PostgreSQL as the oracle of expressions: every result as binary send format in hex, or its error's SQLSTATE. */
export interface Upstream {
  readonly codecs: CodecSet;
  readonly client: pg.Client;
  readonly serverVersion: number;
  /** Whether the server lacks functions and values of PostgreSQL 18. */
  readonly isOlder: boolean;
  readonly types: ReadonlyMap<string, UpstreamType>;
  query<T>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  /** One outcome per SQL expression: hex, null for NULL, or `!SQLSTATE`. */
  outcomes(expressions: readonly string[]): Promise<(string | null)[]>;
  stop(): Promise<void>;
}

const LABELS = ["sad", "ok", "happy"];

const ATTEMPT = `CREATE FUNCTION attempt(expression text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE result text;
  BEGIN
    EXECUTE 'SELECT ' || expression INTO result;
    RETURN result;
  EXCEPTION WHEN OTHERS THEN
    RETURN '!' || SQLSTATE;
  END $$`;

/** Starts PostgreSQL with a database of its own. */
export async function startUpstream(): Promise<Upstream> {
  const server = await startPostgres();
  const database = await createDatabase(server);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`CREATE TYPE mood AS ENUM (${LABELS.map((label) => `'${label}'`).join(", ")})`);
  await client.query('CREATE TYPE pair AS (a numeric, b text COLLATE "C")');
  await client.query(ATTEMPT);
  const types = await readTypes(client);
  const serverVersion = await readVersion(client);
  return {
    codecs: createCodecs([enumOf(types), enumArrayOf(types), pairOf(types)]),
    client,
    serverVersion,
    isOlder: serverVersion < 180_000,
    types,
    query: async <T>(sql: string, values: readonly unknown[] = []) => {
      const result = await client.query(sql, [...values]);
      return result.rows as T[];
    },
    outcomes: async (expressions) => {
      const result = await client.query<{ outcome: string | null }>(
        "SELECT attempt(expression) AS outcome FROM unnest($1::text[]) WITH ORDINALITY AS t(expression, n) ORDER BY n",
        [expressions],
      );
      return result.rows.map((row) => row.outcome);
    },
    stop: async () => {
      await client.end();
      await database.drop();
      await server.stop();
    },
  };
}

async function readTypes(client: pg.Client): Promise<Map<string, UpstreamType>> {
  const result = await client.query<{ oid: number; name: string; send: string }>(
    "SELECT oid::int8::int4 AS oid, typname AS name, typsend::regproc::text AS send FROM pg_type WHERE typsend <> 0",
  );
  return new Map(result.rows.map((row) => [row.name, row]));
}

function pairOf(types: ReadonlyMap<string, UpstreamType>): PgType {
  return { oid: types.get("pair")?.oid ?? 0, name: "pair", kind: "composite", fieldOids: [Oid.numeric, Oid.text] };
}

function enumOf(types: ReadonlyMap<string, UpstreamType>): PgType {
  const oid = types.get("mood")?.oid ?? 0;
  return { oid, name: "mood", kind: "enum", labels: LABELS };
}

function enumArrayOf(types: ReadonlyMap<string, UpstreamType>): PgType {
  return { oid: types.get("_mood")?.oid ?? 0, name: "_mood", kind: "array", elementOid: types.get("mood")?.oid ?? 0 };
}

/** SQL that reads a literal of its type; text in byte order, whatever the database's collation is. */
export function literalSql({ type, text }: Literal): string {
  const literal = text === null ? "NULL" : pg.escapeLiteral(text);
  return `${literal}::${pg.escapeIdentifier(type.name)}${isText(type) ? ' COLLATE "C"' : ""}`;
}

function isText(type: UpstreamType): boolean {
  return type.oid === Oid.text || type.oid === Oid.varchar || type.oid === Oid.bpchar || type.oid === Oid.name;
}

/** SQL for the binary form, in hex, of an expression of this type. */
export function hexSql(expression: string, type: UpstreamType): string {
  return `encode(${type.send}(${expression}), 'hex')`;
}

export function columnType(type: UpstreamType): ColumnType {
  return { typeOid: type.oid, typmod: -1, collation: isText(type) ? 950 : 0 };
}

async function readVersion(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::int AS version",
  );
  return rows[0]?.version ?? 0;
}
