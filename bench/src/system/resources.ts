export interface Stoppable {
  stop(): Promise<void>;
}

/** What was started and must be stopped, in reverse order, also when a run fails or is interrupted. */
export class Resources {
  readonly #running: Stoppable[] = [];
  readonly #starting = new Set<Promise<Stoppable>>();
  #stopping: Promise<void> | null = null;

  /** Starts one more. An interruption meanwhile waits until it runs, and stops it, too. */
  start<T extends Stoppable>(starter: () => Promise<T>): Promise<T> {
    if (this.#stopping !== null) return Promise.reject(new Error("interrupted"));
    const started = starter().then((resource) => {
      this.#running.push(resource);
      return resource;
    });
    this.#starting.add(started);
    return started;
  }

  /** Stops one of them before its time. */
  async stop(resource: Stoppable): Promise<void> {
    const index = this.#running.indexOf(resource);
    if (index !== -1) this.#running.splice(index, 1);
    await resource.stop();
  }

  /** Stops all that run; a failure to stop one does not keep the others. */
  stopAll(): Promise<void> {
    this.#stopping ??= this.#stopEach();
    return this.#stopping;
  }

  async #stopEach(): Promise<void> {
    // Whoever asked for it hears of a failed start.
    await Promise.allSettled(this.#starting);
    const failures: unknown[] = [];
    for (let next = this.#running.pop(); next !== undefined; next = this.#running.pop()) {
      try {
        await next.stop();
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything could be stopped");
  }
}
