import { FreshetError, SqlState, isTransient } from "@freshet/base";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { unsupported } from "./unsupported.ts";

const STATEMENT = "freshet_planned";

/**
 * Refuses a query that PostgreSQL analyses but cannot plan, whatever its tables hold: constants that fail when they are folded
 * (`1/0`), full joins that it can neither hash nor merge. A cache would answer where PostgreSQL raises an error.
 * A role that may not read all of the query's views learns nothing here, and is not refused.
 */
export async function tryPlanning(
  connection: AnalysisConnection,
  text: string,
  parameterTypes: readonly string[],
): Promise<void> {
  const list = (items: readonly string[]): string => (items.length === 0 ? "" : `(${items.join(", ")})`);
  await connection.query(`PREPARE ${STATEMENT}${list(parameterTypes)} AS ${text}`);
  await connection.query("SAVEPOINT freshet_planning");
  try {
    await connection.query("SET LOCAL plan_cache_mode = force_generic_plan");
    await connection.query(`EXPLAIN (COSTS OFF) EXECUTE ${STATEMENT}${list(parameterTypes.map(() => "NULL"))}`);
  } catch (error) {
    await connection.query("ROLLBACK TO SAVEPOINT freshet_planning");
    if (!(error instanceof FreshetError) || isTransient(error)) throw error;
    if (error.code !== SqlState.insufficientPrivilege)
      throw unsupported(
        `PostgreSQL fails to plan it (${error.message})`,
        error.detail === undefined ? {} : { detail: error.detail },
      );
  } finally {
    await connection.query(`DEALLOCATE ${STATEMENT}`);
  }
}
