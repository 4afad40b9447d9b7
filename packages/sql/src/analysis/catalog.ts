import { must } from "@freshet/base";
import type { PgCollation, TimeZoneTable } from "@freshet/values";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { loadCollations } from "./catalog-collations.ts";
import { type TypeInfo, loadTypes } from "./catalog-types.ts";
import { loadRelations, type RelationInfo } from "./catalog-relations.ts";
import { oidList } from "./oid-list.ts";
import { addOids, type TreeOids } from "./tree-oids.ts";
import { unsupported } from "./unsupported.ts";

export type { RelationInfo } from "./catalog-relations.ts";

export interface FunctionInfo {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  /** `pg_proc.prosrc`: of internal functions the C symbol. */
  readonly symbol: string;
  readonly volatility: string;
  readonly strict: boolean;
  readonly language: string;
  /** `pg_proc.pronargs`; a VARIADIC parameter counts once. */
  readonly parameterCount: number;
  readonly returnsSet: boolean;
  /** `pg_proc.prokind`. */
  readonly kind: string;
}

interface OperatorInfo {
  readonly name: string;
  readonly schema: string;
  readonly functionOid: number;
}

/** A cast of `pg_cast` between two types of the query; `functionOid` 0: the same bytes. */
interface CastInfo {
  readonly functionOid: number;
}

/** What the query's OIDs stand for, as of the analysing transaction. */
export interface Catalog {
  /** `server_version_num`. */
  readonly serverVersion: number;
  readonly types: ReadonlyMap<number, TypeInfo>;
  readonly relations: ReadonlyMap<number, RelationInfo>;
  readonly functions: ReadonlyMap<number, FunctionInfo>;
  readonly operators: ReadonlyMap<number, OperatorInfo>;
  readonly collations: ReadonlyMap<number, PgCollation>;
  /** Keyed `source>target`. */
  readonly casts: ReadonlyMap<string, CastInfo>;
  /** Offsets of the zones that calls reckon in, by name, as far as they have been asked for. */
  readonly zones: ReadonlyMap<string, TimeZoneTable>;
}

type Rows = readonly (readonly (string | null)[])[];

async function loadCasts(connection: AnalysisConnection, types: ReadonlySet<number>): Promise<Map<string, CastInfo>> {
  const rows = await connection.query(`
    SELECT castsource, casttarget, castfunc FROM pg_catalog.pg_cast
    WHERE castsource IN (${oidList(types)}) AND casttarget IN (${oidList(types)}) AND castcontext = 'i' AND castmethod IN ('b', 'f')`);
  return new Map(rows.map((row) => [`${row[0]}>${row[1]}`, { functionOid: Number(row[2]) }]));
}

async function loadFunctions(
  connection: AnalysisConnection,
  oids: Iterable<number>,
): Promise<Map<number, FunctionInfo>> {
  const rows = await connection.query(`
    SELECT p.oid, p.proname, n.nspname, p.prosrc, p.provolatile, p.proisstrict, l.lanname, p.pronargs,
      p.proretset, p.prokind
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.oid IN (${oidList(oids)})`);
  return new Map(rows.map((row) => [Number(row[0]), functionInfo(row)]));
}

function functionInfo(row: readonly (string | null)[]): FunctionInfo {
  return {
    oid: Number(row[0]),
    name: must(row[1]),
    schema: must(row[2]),
    symbol: must(row[3]),
    volatility: must(row[4]),
    strict: row[5] === "t",
    language: must(row[6]),
    parameterCount: Number(row[7]),
    returnsSet: row[8] === "t",
    kind: must(row[9]),
  };
}

async function loadOperators(
  connection: AnalysisConnection,
  oids: ReadonlySet<number>,
): Promise<Map<number, OperatorInfo>> {
  const rows: Rows = await connection.query(`
    SELECT o.oid, o.oprname, n.nspname, o.oprcode::pg_catalog.oid FROM pg_catalog.pg_operator o
      JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid IN (${oidList(oids)})`);
  return new Map(
    rows.map((row) => [Number(row[0]), { name: must(row[1]), schema: must(row[2]), functionOid: Number(row[3]) }]),
  );
}

/** The server's version; refuses a database that is not in UTF8. */
async function loadServerVersion(connection: AnalysisConnection): Promise<number> {
  const [row] = await connection.query(
    "SELECT pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('server_version_num')",
  );
  const encoding = must(row?.[0]);
  if (encoding !== "UTF8")
    throw unsupported(`the database's encoding is ${encoding}`, { hint: "Freshet needs a database in UTF8." });
  return Number(must(row?.[1]));
}

/** Looks up everything the tree names; runs inside the analysing transaction. */
export async function loadCatalog(
  connection: AnalysisConnection,
  oids: TreeOids,
  zones: ReadonlyMap<string, TimeZoneTable> = new Map(),
): Promise<Catalog> {
  const serverVersion = await loadServerVersion(connection);
  const relations = await loadRelations(connection, oids.relations);
  for (const { columns } of relations.values()) {
    for (const { generated } of columns.values()) if (generated !== null) addOids(generated, oids);
  }
  const casts = await loadCasts(connection, oids.types);
  const castFunctions = [...casts.values()].map((cast) => cast.functionOid);
  const operators = await loadOperators(connection, oids.operators);
  const operatorFunctions = [...operators.values()].map((operator) => operator.functionOid);
  const types = await loadTypes(connection, oids.types);
  const ofFields = [...types.values()].flatMap(({ fields }) => fields?.map(({ collation }) => collation) ?? []);
  return {
    serverVersion,
    types,
    relations,
    functions: await loadFunctions(connection, [...oids.functions, ...castFunctions, ...operatorFunctions]),
    operators,
    collations: await loadCollations(connection, new Set([...oids.collations, ...ofFields])),
    casts,
    zones,
  };
}
