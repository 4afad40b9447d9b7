import type { FillConnection, FillRequest, Filled } from "./fill-connection.ts";

export interface FillPoolLimits {
  readonly connections: number;
  /** Answers that may wait for a connection. */
  readonly queue: number;
}

interface Waiting {
  readonly request: FillRequest;
  readonly resolve: (filled: Filled) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads answers on a few connections; the next ones wait in a bounded queue. */
export class FillPool {
  readonly #open: () => Promise<FillConnection>;
  readonly #limits: FillPoolLimits;
  readonly #idle: FillConnection[] = [];
  readonly #all = new Set<FillConnection>();
  readonly #waiting: Waiting[] = [];
  #workers = 0;
  #closed = false;

  constructor(open: () => Promise<FillConnection>, limits: FillPoolLimits) {
    this.#open = open;
    this.#limits = limits;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  get full(): boolean {
    return this.#closed || this.#waiting.length >= this.#limits.queue;
  }

  run(request: FillRequest): Promise<Filled> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (this.#workers < this.#limits.connections) void this.#work();
    });
  }

  /** Ends all connections; what waits is rejected. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#all) connection.close();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error("Freshet is shutting down"));
  }

  /** Reads one answer after the other until none waits. */
  async #work(): Promise<void> {
    this.#workers++;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await this.#runOne(next);
    } finally {
      this.#workers--;
    }
  }

  async #runOne({ request, resolve, reject }: Waiting): Promise<void> {
    try {
      const connection = await this.#connection();
      try {
        resolve(await connection.run(request));
      } finally {
        if (connection.usable && !this.#closed) this.#idle.push(connection);
        else this.#all.delete(connection);
      }
    } catch (thrown) {
      reject(thrown);
    }
  }

  async #connection(): Promise<FillConnection> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) return idle;
      this.#all.delete(idle);
    }
    const connection = await this.#open();
    this.#all.add(connection);
    if (this.#closed) connection.close();
    return connection;
  }
}
