import { type RawClient } from "./raw-client.ts";
import { query, rowsOf } from "./statements.ts";

/** Waits until `condition` (an SQL expression) is true upstream. */
export async function waitUntil(client: RawClient, condition: string): Promise<void> {
  for (;;) {
    const rows = rowsOf(await query(client, `SELECT 'pure', (${condition})`));
    if (rows[0] === "pure,t") return;
    await query(client, "SELECT pg_sleep(0.02)");
  }
}
