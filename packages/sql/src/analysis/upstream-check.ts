import { FreshetError, quoteIdentifier, quoteLiteral, isTransient } from "@freshet/base";
import type { UpstreamCall } from "../plan/upstream-call.ts";
import { callText } from "../plan/upstream-calls.ts";
import { walkPlan } from "../plan/plan-walk.ts";
import type { Plan } from "../plan/plan.ts";
import { parameterTypeNames, readTree } from "./analysed-tree.ts";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { oidList } from "./oid-list.ts";
import { someNode } from "./tree-oids.ts";
import { unsupported } from "./unsupported.ts";

const FIRST_NORMAL_OID = 16_384;

/** Every different call of the plan. */
function callsOf(plan: Plan): readonly UpstreamCall[] {
  const calls: UpstreamCall[] = [];
  walkPlan(plan, (node) => {
    if (node.kind === "upstream-calls") calls.push(...node.calls);
  });
  return calls;
}

/** Functions outside pg_catalog that a reader needs EXECUTE on. */
export function calledFunctions(plan: Plan): readonly number[] {
  const oids = callsOf(plan).flatMap(({ functions }) => functions.map(({ oid }) => oid));
  return [...new Set(oids)].filter((oid) => oid >= FIRST_NORMAL_OID).sort((a, b) => a - b);
}

/** Makes sure that the upstream will take the calls, and take them for what they are. */
export async function checkUpstreamCalls(connection: AnalysisConnection, plan: Plan, role: string): Promise<void> {
  const calls = callsOf(plan);
  if (calls.length === 0) return;
  await checkExecute(connection, calls, role);
  await checkRole(connection, role);
  for (const call of calls) await checkMeaning(connection, call);
}

async function checkExecute(
  connection: AnalysisConnection,
  calls: readonly UpstreamCall[],
  role: string,
): Promise<void> {
  const functions = new Map(
    calls.flatMap((call) => call.functions.map((called) => [called.oid, called.name] as const)),
  );
  const rows = await connection.query(`
    SELECT p.oid FROM pg_catalog.pg_proc p, pg_catalog.pg_roles r WHERE p.oid IN (${oidList(functions.keys())})
      AND r.rolname = ${quoteLiteral(role)}::pg_catalog.name AND pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE')
      AND pg_catalog.has_schema_privilege(r.oid, p.pronamespace, 'USAGE')`);
  const allowed = new Set(rows.map((row) => Number(row[0])));
  for (const [oid, name] of functions) {
    if (!allowed.has(oid))
      throw unsupported(`${name}() is evaluated by PostgreSQL, and role "${role}" may not execute it`);
  }
}

/** The calls are made with the rights of the role that asks for the cache, which Freshet's own has to take. */
async function checkRole(connection: AnalysisConnection, role: string): Promise<void> {
  await connection.query("SAVEPOINT freshet_role");
  try {
    await connection.query(`SET LOCAL ROLE ${quoteIdentifier(role)}`);
  } catch (thrown) {
    if (!(thrown instanceof FreshetError) || isTransient(thrown)) throw thrown;
    throw unsupported(
      `functions that PostgreSQL evaluates are called as role "${role}", which Freshet may not (${thrown.message})`,
      { hint: `Grant ${quoteIdentifier(role)} to Freshet's role.` },
    );
  } finally {
    await connection.query("ROLLBACK TO SAVEPOINT freshet_role");
  }
}

/** The text must be understood as the calls it was made from: no other function, no cast that nobody asked for. */
async function checkMeaning(connection: AnalysisConnection, call: UpstreamCall): Promise<void> {
  const types = await parameterTypeNames(
    connection,
    call.args.map((arg) => arg.type.typeOid),
  );
  const text = `SELECT ${callText(call, (_arg, index) => `$${index + 1}`)}`;
  const expected = new Set(call.functions.map(({ oid }) => oid));
  let other: string | null = null;
  const tree = await readTree(connection, text, types).catch((thrown: unknown) => {
    if (!(thrown instanceof FreshetError) || isTransient(thrown)) throw thrown;
    throw unsupported(`${names(call)} cannot be called by itself (${thrown.message})`);
  });
  someNode(tree, (node) => {
    if (node.type === "FUNCEXPR" && !expected.has(node.int("funcid"))) other = `function ${node.int("funcid")}`;
    else if (node.type === "OPEXPR" || node.type.startsWith("COERCE")) other = node.type;
    return other !== null;
  });
  if (other !== null) throw unsupported(`${names(call)} means something else by itself (${String(other)})`);
}

function names(call: UpstreamCall): string {
  return call.functions.map(({ name }) => `${name}()`).join(", ");
}
