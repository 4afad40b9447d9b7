import { type Logger, errorMessage } from "@freshet/base";
import { type RetryDelay, retrying } from "./retry.ts";
import { TaskQueue } from "./task-queue.ts";

/** The tasks of a cache manager: one at a time, tried again where their failure passes, until it stops. */
export class ManagerTasks {
  readonly #parts: { readonly logger: Logger; readonly retry: RetryDelay };
  readonly #queue = new TaskQueue();
  #stopped = false;

  constructor(parts: { readonly logger: Logger; readonly retry: RetryDelay }) {
    this.#parts = parts;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Nothing is tried again from now on. */
  stop(): void {
    this.#stopped = true;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.run(task);
  }

  /** Queues something that is tried until it succeeds, or fails for good. */
  queue(what: string, body: () => Promise<void>): void {
    this.#queue
      .run(() => this.retrying(what, body))
      .catch((thrown: unknown) => {
        if (!this.#stopped) this.#parts.logger.error({ error: errorMessage(thrown) }, `${what} failed`);
      });
  }

  retrying(what: string, body: () => Promise<void>, unwanted: () => boolean = () => false): Promise<void> {
    return retrying(what, body, this.#parts, () => this.#stopped || unwanted());
  }

  /** Resolves when no task is left. */
  drained(): Promise<void> {
    return this.#queue.drained();
  }
}
