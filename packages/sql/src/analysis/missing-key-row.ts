import { errorMessage, FreshetError, must, isTransient } from "@freshet/base";
import { packRow } from "@freshet/values";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { unsupported } from "./unsupported.ts";

const STATEMENT = "freshet_missing_key";

/** A SELECT with typed parameters, and the send function of each of its result columns. */
interface KeyedSelect {
  readonly text: string;
  readonly parameterTypes: readonly string[];
  readonly sendFunctions: readonly string[];
}

/**
 * The row (packed, base64) that an aggregate without GROUP BY has for keys without input rows, as the upstream
 * itself computes it: nothing equals NULL, so with NULL for every parameter its input is empty. Null
 * when HAVING drops it.
 */
export async function missingKeyRow(connection: AnalysisConnection, select: KeyedSelect): Promise<string | null> {
  const names = select.sendFunctions.map((_send, index) => `c${index + 1}`);
  const outputs = select.sendFunctions.map(
    (send, index) => `pg_catalog.encode(${send}(q.${must(names[index])}), 'hex')`,
  );
  const body = `SELECT ${outputs.join(", ")} FROM (\n${select.text}\n) AS q(${names.join(", ")})`;
  await connection.query(`PREPARE ${STATEMENT}(${select.parameterTypes.join(", ")}) AS ${body}`);
  await connection.query("SAVEPOINT freshet_missing_key");
  const rows = await execute(connection, select.parameterTypes.length);
  await connection.query(`DEALLOCATE ${STATEMENT}`);
  const [row] = rows;
  if (row === undefined) return null;
  return packRow(row.map((hex) => (hex === null ? null : Buffer.from(hex, "hex")))).toString("base64");
}

type Rows = Awaited<ReturnType<AnalysisConnection["query"]>>;

async function execute(connection: AnalysisConnection, parameters: number): Promise<Rows> {
  try {
    return await connection.query(
      `EXECUTE ${STATEMENT}(${Array.from({ length: parameters }, () => "NULL").join(", ")})`,
    );
  } catch (error) {
    await connection.query("ROLLBACK TO SAVEPOINT freshet_missing_key");
    await connection.query(`DEALLOCATE ${STATEMENT}`);
    if (!(error instanceof FreshetError) || isTransient(error)) throw error;
    throw unsupported("over no rows its select list fails", { detail: errorMessage(error) });
  }
}
