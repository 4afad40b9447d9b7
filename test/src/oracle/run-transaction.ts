import { FreshetError } from "@freshet/base";
import type pg from "pg";
import { DatabaseError } from "pg";

/**
 * Runs the statements as one transaction. One that PostgreSQL refuses for its data (a key that exists, a number out of range) is undone by a
 * savepoint, so that the transaction goes on; anything else is a mistake of the generator.
 */
export async function runTransaction(client: pg.Client, statements: readonly string[]): Promise<void> {
  await client.query("BEGIN");
  let isOpen = true;
  for (const statement of statements) {
    if (/^(ROLLBACK$|SAVEPOINT|ROLLBACK TO)/.test(statement)) {
      await client.query(statement);
      isOpen = statement !== "ROLLBACK";
      continue;
    }
    await client.query("SAVEPOINT statement");
    try {
      await client.query(statement);
      await client.query("RELEASE SAVEPOINT statement");
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (!isRefusal(error.code ?? ""))
        throw new FreshetError(error.code ?? "XX000", `${error.message} in: ${statement}`);
      await client.query("ROLLBACK TO SAVEPOINT statement");
    }
  }
  if (isOpen) await client.query("COMMIT");
}

/** Data exceptions, integrity violations, and a row met twice by ON CONFLICT. */
function isRefusal(code: string): boolean {
  return code.startsWith("22") || code.startsWith("23") || code === "21000";
}
