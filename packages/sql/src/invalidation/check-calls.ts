import { must } from "@freshet/base";
import type { AnalysisConnection } from "../analysis/analysis-connection.ts";
import { unsupported } from "../analysis/unsupported.ts";
import type { Expiry } from "./invalidation-plan.ts";
import { followsDay, followsSettings, outputFollowsSettings, type StableFunction } from "./stable-builtins.ts";
import type { TreeCalls } from "./tree-functions.ts";
import type { TypeInputs } from "./type-inputs.ts";

interface CalledFunction extends StableFunction {
  readonly oid: number;
  readonly volatility: string;
  /** Part of an aggregate, which PostgreSQL runs as its owner. */
  readonly support: boolean;
}

/** What checkCalls has found out. */
export interface CheckedCalls {
  readonly expiry: Expiry;
  /** Functions outside pg_catalog, which a reader needs EXECUTE on. */
  readonly functions: readonly number[];
}

/** The functions, those behind operators, and those that aggregates are made of. */
async function loadFunctions(connection: AnalysisConnection, calls: TreeCalls): Promise<CalledFunction[]> {
  const rows = await connection.query(`
    WITH called (oid, support) AS (
      SELECT oid, false FROM pg_catalog.pg_proc WHERE oid IN (${["0", ...calls.functions].join(",")})
      UNION SELECT oprcode, false FROM pg_catalog.pg_operator WHERE oid IN (${["0", ...calls.operators].join(",")})
      UNION SELECT s.oid, true FROM pg_catalog.pg_aggregate a,
        LATERAL (VALUES (a.aggtransfn::pg_catalog.oid), (a.aggfinalfn::pg_catalog.oid), (a.aggcombinefn::pg_catalog.oid),
          (a.aggserialfn::pg_catalog.oid), (a.aggdeserialfn::pg_catalog.oid), (a.aggmtransfn::pg_catalog.oid),
          (a.aggminvtransfn::pg_catalog.oid), (a.aggmfinalfn::pg_catalog.oid)) AS s (oid)
        WHERE a.aggfnoid IN (${["0", ...calls.functions].join(",")}))
    SELECT p.oid, n.nspname, p.proname, p.provolatile, p.proargtypes::pg_catalog.text, c.support
    FROM called c JOIN pg_catalog.pg_proc p ON p.oid = c.oid JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    ORDER BY p.oid`);
  return rows.map((row) => ({
    oid: Number(row[0]),
    schema: must(row[1]),
    name: must(row[2]),
    volatility: must(row[3]),
    arguments: must(row[4])
      .split(" ")
      .filter((type) => type !== "")
      .map(Number),
    support: row[5] === "t",
  }));
}

/** Refuses what would not give the same answer again as long as tables, schema and settings stay the same. */
export async function checkCalls(
  connection: AnalysisConnection,
  calls: TreeCalls,
  types: TypeInputs,
): Promise<CheckedCalls> {
  checkTexts(calls, types);
  let expiry: Expiry = calls.currentDate ? "midnight" : "never";
  const functions = await loadFunctions(connection, calls);
  for (const called of functions) {
    if (called.volatility === "i" || followsSettings(called)) continue;
    if (called.volatility === "s" && followsDay(called)) expiry = "midnight";
    else refuse(called);
  }
  const own = functions.filter(({ schema, support }) => schema !== "pg_catalog" && !support);
  return { expiry, functions: own.map(({ oid }) => oid) };
}

function refuse({ schema, name, volatility }: CalledFunction): never {
  const shown = schema === "pg_catalog" ? name : `${schema}.${name}`;
  if (volatility === "v") throw unsupported(`${shown}() is VOLATILE: each call may give another result`);
  throw unsupported(`${shown}() is STABLE: its result is another one later, or for another session`);
}

/** Casts through text: what is written must not depend on the catalog, what is read not on the clock. */
function checkTexts(calls: TreeCalls, types: TypeInputs): void {
  for (const oid of calls.written) checkWritten(oid, types);
  for (const oid of calls.read) {
    if (types.textInput(oid) === "any") continue;
    throw unsupported(
      `it reads texts as ${types.name(oid)}, which may stand for the current date or for names in the catalog`,
    );
  }
}

/** Refuses a type whose text form is not the same for all sessions with the same settings. */
export function checkWritten(oid: number, types: TypeInputs): void {
  if (types.stableOutputs(oid).every(outputFollowsSettings)) return;
  throw unsupported(`the text form of ${types.name(oid)} depends on names in the catalog`);
}
