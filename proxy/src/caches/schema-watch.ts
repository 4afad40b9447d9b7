import { type Logger, errorMessage } from "@freshet/base";
import type { CacheManager } from "./cache-manager.ts";

/**
 * Notices schema changes that the stream does not announce: statements through the proxy at once, all
 * others (where no event trigger could be made) by looking from time to time.
 */
export class SchemaWatch {
  readonly #manager: CacheManager;
  readonly #timer: NodeJS.Timeout;
  #uncommitted = false;
  #looking = false;

  constructor(manager: CacheManager, intervalMs: number, logger: Logger) {
    this.#manager = manager;
    this.#timer = setInterval(() => void this.#look(logger), intervalMs);
    this.#timer.unref();
  }

  /** DDL or GRANT came back from upstream. It may stand in a transaction that is not committed yet. */
  onSchemaStatement(): void {
    this.#uncommitted = true;
    this.#manager.verifySchema();
  }

  onTransactionStatement(): void {
    if (!this.#uncommitted) return;
    this.#uncommitted = false;
    this.#manager.verifySchema();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(logger: Logger): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#manager.compareTables();
    } catch (thrown) {
      logger.debug({ error: errorMessage(thrown) }, "the tables could not be compared with the catalog");
    } finally {
      this.#looking = false;
    }
  }
}
