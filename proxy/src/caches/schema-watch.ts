import { type Logger, errorMessage, must } from "@freshet/base";
import type { SchemaVerification } from "./schema-verification.ts";

/** Transaction ids: of the oldest that runs, and the next to be given. */
export interface RunningTransactions {
  readonly oldest: bigint;
  readonly next: bigint;
}

export const RUNNING_TRANSACTIONS = `SELECT pg_catalog.pg_snapshot_xmin(s)::pg_catalog.text, pg_catalog.pg_snapshot_xmax(s)::pg_catalog.text
  FROM pg_catalog.pg_current_snapshot() AS s`;

export function parseTransactions(rows: readonly (readonly (string | null)[])[]): RunningTransactions {
  const [oldest, next] = must(rows[0], "a snapshot is one row");
  return { oldest: BigInt(must(oldest)), next: BigInt(must(next)) };
}

type WatchedSchema = Pick<SchemaVerification, "onSchemaStatement" | "compareTables">;

/**
 * Notices schema changes that the stream does not announce: statements through the proxy at once, all
 * others (where no event trigger could be made) by looking from time to time.
 */
export class SchemaWatch {
  readonly #schema: WatchedSchema;
  readonly #transactions: () => Promise<RunningTransactions>;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  /** Schema statements so far: a newer one may stand in a newer transaction. */
  #statements = 0;
  #uncommitted = false;
  /** Transactions from here on began after the last schema statement; null while not asked. */
  #horizon: bigint | null = null;
  #looking = false;

  constructor(
    schema: WatchedSchema,
    transactions: () => Promise<RunningTransactions>,
    intervalMs: number,
    logger: Logger,
  ) {
    this.#schema = schema;
    this.#transactions = transactions;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#look(logger), intervalMs);
    this.#timer.unref();
  }

  /** Whether a schema statement came back whose transaction may not have ended. */
  get uncommitted(): boolean {
    return this.#uncommitted;
  }

  /** DDL or GRANT came back from upstream. It may stand in a transaction that is not committed yet. */
  onSchemaStatement(): void {
    this.#uncommitted = true;
    this.#statements++;
    this.#horizon = null;
    void this.#schema.onSchemaStatement();
  }

  /** Whose transaction ended is not known: each may be the one, until all that ran then are over. */
  onTransactionStatement(): void {
    if (!this.#uncommitted) return;
    void this.#schema.onSchemaStatement();
    void this.#forgetWhenOver();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #forgetWhenOver(): Promise<void> {
    const statements = this.#statements;
    try {
      const { oldest, next } = await this.#transactions();
      if (statements !== this.#statements || !this.#uncommitted) return;
      this.#horizon ??= next;
      if (oldest < this.#horizon) return;
      this.#uncommitted = false;
      // The last of them may have ended behind the comparison above.
      void this.#schema.onSchemaStatement();
    } catch (thrown) {
      this.#logger.debug({ error: errorMessage(thrown) }, "the running transactions are not known");
    }
  }

  async #look(logger: Logger): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#schema.compareTables();
    } catch (thrown) {
      logger.debug({ error: errorMessage(thrown) }, "the tables could not be compared with the catalog");
    } finally {
      this.#looking = false;
    }
  }
}
