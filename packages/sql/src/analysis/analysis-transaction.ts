import { quoteIdentifier } from "@freshet/base";
import type { AnalysisConnection } from "./analysis-connection.ts";

/** Runs `body` in a transaction that is rolled back, with names looked up in `searchPath`. */
export async function inAnalysis<T>(
  connection: AnalysisConnection,
  searchPath: readonly string[],
  body: () => Promise<T>,
): Promise<T> {
  await connection.query("BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE");
  try {
    const schemas = [...searchPath.filter((schema) => schema !== "pg_temp").map(quoteIdentifier), "pg_temp"];
    await connection.query(`SET LOCAL search_path TO ${schemas.join(", ")}`);
    return await body();
  } finally {
    await connection.query("ROLLBACK");
  }
}
