/** Runs tasks one after the other, in the order given. */
export class TaskQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get waiting(): number {
    return this.#waiting;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const result = this.#tail.then(task).finally(() => {
      this.#waiting--;
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when nothing is left to do, also of what came meanwhile. */
  async drained(): Promise<void> {
    while (this.#waiting > 0) await this.#tail;
  }
}
