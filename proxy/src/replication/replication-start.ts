import { FreshetError, type Logger, errorMessage } from "@freshet/base";
import type { ChangeSource, ReplicationOrigin, StreamSink, TableSchema } from "@freshet/contract";
import type { RetryDelay } from "../caches/retry.ts";

/** Where the stream began, and whether what is stored must go. */
export interface StartedReplication {
  readonly origin: ReplicationOrigin;
  readonly reset: boolean;
}

/**
 * Starts the stream and keeps trying while the upstream refuses (wal_level, privileges, slot in use):
 * statements are forwarded all the same, and `problem` says what is to be mended.
 */
export class ReplicationStart {
  readonly #source: ChangeSource;
  readonly #retry: RetryDelay;
  readonly #logger: Logger;
  #problem: FreshetError | null = null;
  #stopped = false;

  constructor(source: ChangeSource, retry: RetryDelay, logger: Logger) {
    this.#source = source;
    this.#retry = retry;
    this.#logger = logger;
  }

  /** Why the stream has not started; null when it has, or is still connecting. */
  get problem(): FreshetError | null {
    return this.#problem;
  }

  /** Resolves when the stream runs; null when stopped before. */
  async run(
    from: ReplicationOrigin | null,
    tables: readonly TableSchema[],
    sink: StreamSink,
  ): Promise<StartedReplication | null> {
    for (let attempt = 0; !this.#stopped; attempt++) {
      try {
        const started = await this.#source.start(from, tables, sink);
        this.#problem = null;
        return started;
      } catch (thrown) {
        if (this.#stopped) return null;
        this.#problem =
          thrown instanceof FreshetError ? thrown : new FreshetError("XX000", errorMessage(thrown), { cause: thrown });
        this.#logger.error(
          { error: this.#problem.message, detail: this.#problem.detail, hint: this.#problem.hint },
          "the upstream cannot be replicated from: statements are only passed through",
        );
        await this.#retry(attempt);
      }
    }
    return null;
  }

  stop(): void {
    this.#stopped = true;
  }
}
