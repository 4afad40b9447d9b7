/** What a transaction upstream sees: a `pg_snapshot`. Ids have their epoch; only top-level transactions count. */
export class UpstreamSnapshot {
  /** All transactions before it have ended. */
  readonly xmin: bigint;
  readonly #xmax: bigint;
  readonly #running: ReadonlySet<bigint>;

  constructor(xmin: bigint, xmax: bigint, running: ReadonlySet<bigint>) {
    this.xmin = xmin;
    this.#xmax = xmax;
    this.#running = running;
  }

  get xmax(): bigint {
    return this.#xmax;
  }

  /** Reads `xmin:xmax:xip,xip…`; undefined for anything else. */
  static parse(text: string): UpstreamSnapshot | undefined {
    const match = /^(\d+):(\d+):([\d,]*)$/.exec(text);
    if (match === null) return undefined;
    const [, xmin = "", xmax = "", running = ""] = match;
    const ids = running.split(",").filter((id) => id !== "");
    return new UpstreamSnapshot(BigInt(xmin), BigInt(xmax), new Set(ids.map(BigInt)));
  }

  /** Whether a transaction that has committed is visible. */
  sees(xid: bigint): boolean {
    return xid < this.xmin || (xid < this.#xmax && !this.#running.has(xid));
  }
}
