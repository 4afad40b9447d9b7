import { openSql } from "../system/sql-client.ts";
import type { SqlClient } from "../system/sql-client.ts";
import type { Upstream } from "../system/upstream.ts";

/** One row changed, in SQL over `made`, the number of commits so far. */
export interface PacedStatement {
  /** Of the procedure that is made. */
  readonly name: string;
  readonly statement: string;
}

export interface PacedResult {
  /** Commits per second that were asked for, and that were made. */
  readonly wanted: number;
  readonly made: number;
}

/** Makes the procedure that commits the statement again and again at a given rate, without waiting for the disk. */
export async function createPacedWriter(sql: SqlClient, { name, statement }: PacedStatement): Promise<void> {
  await sql.run(`CREATE PROCEDURE ${name}(rate integer, seconds double precision, INOUT made bigint) LANGUAGE plpgsql AS $$
DECLARE
  started timestamptz := clock_timestamp();
  passed double precision := 0;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', false);
  WHILE passed < seconds LOOP
    WHILE made < floor(passed * rate) LOOP
      ${statement};
      made := made + 1;
      COMMIT;
      EXIT WHEN made % 64 = 0 AND extract(epoch FROM clock_timestamp() - started) >= seconds;
    END LOOP;
    PERFORM pg_sleep(0.002);
    passed := extract(epoch FROM clock_timestamp() - started);
  END LOOP;
END $$`);
}

/** Commits at the rate for so long, in a session of its own. */
export async function runPacedWriter(
  upstream: Upstream,
  name: string,
  rate: number,
  seconds: number,
): Promise<PacedResult> {
  const session = await openSql(upstream);
  try {
    const made = Number(await session.value(`CALL ${name}(${rate}, ${seconds}, 0)`));
    return { wanted: rate, made: made / seconds };
  } finally {
    await session.close();
  }
}
