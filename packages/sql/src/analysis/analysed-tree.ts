import { FreshetError, must, SqlState } from "@freshet/base";
import { Oid } from "@freshet/values";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { expandViews } from "./expand-views.ts";
import { type NodeValue, parseNodeTree, TreeNode } from "./node-tree.ts";
import { someNode } from "./tree-oids.ts";
import { unsupported } from "./unsupported.ts";

/** A SELECT as PostgreSQL's parser and analyser understood it, its views expanded. */
interface AnalysedSelect {
  readonly tree: NodeValue;
  readonly query: TreeNode;
}

const FUNCTION_NAME = "freshet_analysis";

/** Types whose input text means the same in every session; all others may hang on a setting, or be made of dates. */
const PLAIN_TYPES: ReadonlySet<number> = new Set<number>([
  Oid.bool,
  Oid.bytea,
  Oid.char,
  Oid.name,
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.text,
  Oid.oid,
  Oid.json,
  Oid.float4,
  Oid.float8,
  Oid.bpchar,
  Oid.varchar,
  Oid.numeric,
  Oid.uuid,
  Oid.jsonb,
  Oid.inet,
  Oid.cidr,
  Oid.macaddr,
  Oid.macaddr8,
  Oid.bit,
  Oid.varbit,
]);

/** Settings under which every text that needs a time zone, a date order or a rule for signs is read differently. */
const OTHER_SETTINGS: readonly (readonly [timeZone: string, dateStyle: string, intervalStyle: string])[] = [
  ["Pacific/Kiritimati", "SQL, DMY", "sql_standard"],
  ["Pacific/Pago_Pago", "SQL, YMD", "postgres"],
];

/** Type names for a function's or prepared statement's parameters. */
export async function parameterTypeNames(connection: AnalysisConnection, types: readonly number[]): Promise<string[]> {
  if (types.length === 0) return [];
  const rows = await connection.query(`
    SELECT pg_catalog.format_type(t.oid, NULL) FROM pg_catalog.unnest(ARRAY[${types.join(",")}]::pg_catalog.oid[])
      WITH ORDINALITY AS t(oid, position) ORDER BY t.position`);
  return rows.map((row) => must(row[0]));
}

/** Reads the tree of the query as the body of a temporary SQL function, which goes again. */
async function readBody(connection: AnalysisConnection, text: string, types: readonly string[]): Promise<string> {
  try {
    await connection.query(
      `CREATE FUNCTION pg_temp.${FUNCTION_NAME}(${types.join(", ")}) RETURNS SETOF record LANGUAGE sql BEGIN ATOMIC\n${text}\n;\nEND`,
    );
  } catch (error) {
    throw withTempHint(error);
  }
  const rows = await connection.query(`
    SELECT prosqlbody FROM pg_catalog.pg_proc
    WHERE proname = '${FUNCTION_NAME}' AND pronamespace = pg_catalog.pg_my_temp_schema()`);
  await connection.query(`DROP FUNCTION pg_temp.${FUNCTION_NAME}(${types.join(", ")})`);
  return must(rows[0]?.[0], "the function that was just made has no body");
}

/** What PostgreSQL says of parameters whose type it infers to be a pseudo-type, as in `a_row = $1`. */
const INVALID_FUNCTION_DEFINITION = "42P13";

/** A query that PostgreSQL takes, but not as a function's body, cannot be analysed. */
export function refusedAnalysis(error: FreshetError): FreshetError {
  if (error.code !== INVALID_FUNCTION_DEFINITION) return error;
  return unsupported(`PostgreSQL does not tell the type of a parameter (${error.message})`);
}

function withTempHint(error: unknown): unknown {
  if (!(error instanceof FreshetError) || error.code !== SqlState.insufficientPrivilege) return error;
  return new FreshetError(error.code, error.message, {
    detail: error.detail ?? "Freshet lets PostgreSQL analyse the query as the body of a temporary function.",
    hint: error.hint ?? "Grant TEMP on the database to Freshet's role.",
    cause: error,
  });
}

function isConstantOf(passes: (typeOid: number) => boolean): (node: TreeNode) => boolean {
  return (node) => node.type === "CONST" && !node.flag("constisnull") && passes(node.int("consttype"));
}

/**
 * Refuses a query whose date and time constants PostgreSQL would read differently in another session or
 * at another time: its cached answer would be right for some readers only.
 */
async function checkClockConstants(
  connection: AnalysisConnection,
  text: string,
  types: readonly string[],
  body: string,
  tree: NodeValue,
): Promise<void> {
  if (
    !someNode(
      tree,
      isConstantOf((typeOid) => !PLAIN_TYPES.has(typeOid)),
    )
  )
    return;
  if (
    /\bnow\b(?!\s*\()/i.test(text) &&
    someNode(
      tree,
      isConstantOf((typeOid) => typeOid === Oid.timestamptz),
    )
  ) {
    throw unsupported("it has a constant that stands for the current time");
  }
  for (const [timeZone, dateStyle, intervalStyle] of OTHER_SETTINGS) {
    await connection.query("SAVEPOINT freshet_settings");
    await connection.query(`SET LOCAL TimeZone TO '${timeZone}'`);
    await connection.query(`SET LOCAL DateStyle TO '${dateStyle}'`);
    await connection.query(`SET LOCAL IntervalStyle TO '${intervalStyle}'`);
    const same = await isReadAlike(connection, text, types, body);
    await connection.query("ROLLBACK TO SAVEPOINT freshet_settings");
    if (same) continue;
    throw unsupported(
      "what one of its date or time constants means depends on the session's TimeZone, its DateStyle, its IntervalStyle or the clock",
      {
        hint: "Write dates as YYYY-MM-DD, and constants of type timestamp with time zone with their zone, as in '2026-01-31 12:00:00+00'.",
      },
    );
  }
}

/** Whether the text still analyses, and to the same tree; a date that is out of range under a setting is not alike. */
async function isReadAlike(
  connection: AnalysisConnection,
  text: string,
  types: readonly string[],
  body: string,
): Promise<boolean> {
  try {
    return (await readBody(connection, text, types)) === body;
  } catch (error) {
    if (error instanceof FreshetError && error.code.startsWith("22")) return false;
    throw error;
  }
}

/** Has the upstream analyse a SELECT whose parameters have the types given. In a transaction that is rolled back. */
export async function analyseSelect(
  connection: AnalysisConnection,
  text: string,
  types: readonly string[],
): Promise<AnalysedSelect> {
  const body = await readBody(connection, text, types);
  const tree = parseNodeTree(body);
  await checkClockConstants(connection, text, types, body, tree);
  const expanded = await expandViews(connection, tree);
  return { tree: expanded, query: onlyQuery(expanded) };
}

/** As analyseSelect, whatever its constants depend on. */
export async function readTree(
  connection: AnalysisConnection,
  text: string,
  types: readonly string[],
): Promise<NodeValue> {
  return expandViews(connection, parseNodeTree(await readBody(connection, text, types)));
}

/** The body is a list of lists of statements. */
function onlyQuery(tree: NodeValue): TreeNode {
  let value: NodeValue | undefined = tree;
  while (Array.isArray(value)) {
    if (value.length !== 1) throw unsupported("it is not a single statement");
    value = (value as readonly NodeValue[])[0];
  }
  if (!(value instanceof TreeNode)) throw unsupported("its analysed form holds no query");
  return value;
}
