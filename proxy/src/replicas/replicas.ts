import { type Logger, errorMessage, now } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import type { Replica } from "./replica.ts";
import type { ServerPosition } from "./server-watch.ts";

/** What looks at a server. */
export interface Watch {
  look(): Promise<ServerPosition>;
  close(): void;
}

export interface ReplicasParts {
  readonly replicas: readonly { readonly replica: Replica; readonly watch: Watch }[];
  readonly primary: Watch;
  readonly intervalMs: number;
  /** 0: no limit. */
  readonly maxLagMs: number;
  readonly logger: Logger;
}

/** A replica that was passed over is looked at again at once, but not more often than this. */
const NUDGE_MS = 10;
/** How many positions of the primary are remembered. */
const MAX_SAMPLES = 1000;

/** The standbys, how they are, and which of them may answer a read. */
export class Replicas {
  readonly #parts: ReplicasParts;
  readonly #busy = new Set<Watch>();
  readonly #onChange: ((replica: Replica, isUp: boolean) => void)[] = [];
  /** Where the primary was, the latest last. */
  #samples: { readonly at: number; readonly lsn: Lsn }[] = [];
  #primary: ServerPosition | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(parts: ReplicasParts) {
    this.#parts = parts;
  }

  get all(): readonly Replica[] {
    return this.#parts.replicas.map(({ replica }) => replica);
  }

  /** Called when one begins to answer, and when it no longer does. */
  onChange(listener: (replica: Replica, isUp: boolean) => void): void {
    this.#onChange.push(listener);
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), this.#parts.intervalMs);
    this.#timer.unref();
    void this.look();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const watch of [this.#parts.primary, ...this.#parts.replicas.map((one) => one.watch)]) watch.close();
  }

  /** The one that is likely to answer first of those that have replayed `lsn`; null: none has, or none may be asked. */
  choose(lsn: Lsn): Replica | null {
    let best: Replica | null = null;
    for (const { replica, watch } of this.#parts.replicas) {
      if (this.obstacle(replica) !== null) continue;
      if ((replica.replayed ?? -1n) < lsn) this.#nudge(replica, watch);
      else if (best === null || replica.cost < best.cost) best = replica;
    }
    return best;
  }

  /** Why no read may go there; null: it may. */
  obstacle(replica: Replica): string | null {
    const { position } = replica;
    if (position === null) return replica.problem;
    if (!position.isStandby) return "it is not a standby";
    if (this.#primary === null) return "the primary is not known";
    if (position.systemIdentifier !== this.#primary.systemIdentifier) return "it belongs to another system";
    if (position.timeline !== this.#primary.timeline)
      return `it is on timeline ${position.timeline}, the primary on ${this.#primary.timeline}`;
    const lag = this.lagMs(replica);
    const { maxLagMs } = this.#parts;
    return maxLagMs > 0 && (lag === null || lag > maxLagMs) ? "it lags" : null;
  }

  /** How old its data is at most; null: older than anything that is remembered. */
  lagMs(replica: Replica): number | null {
    const { replayed } = replica;
    if (replayed === null) return null;
    const sample = this.#samples.findLast(({ lsn }) => lsn <= replayed);
    return sample === undefined ? null : now() - sample.at;
  }

  /** Looks at all of them once; what is still being looked at is left out. */
  async look(): Promise<void> {
    await Promise.all([
      this.#alone(this.#parts.primary, () => this.#lookAtPrimary()),
      ...this.#parts.replicas.map(({ replica, watch }) => this.#alone(watch, () => this.#lookAt(replica, watch))),
    ]);
  }

  async #alone(watch: Watch, look: () => Promise<void>): Promise<void> {
    if (this.#busy.has(watch)) return;
    this.#busy.add(watch);
    await look();
    this.#busy.delete(watch);
  }

  async #lookAtPrimary(): Promise<void> {
    try {
      const position = await this.#parts.primary.look();
      if (position.isStandby) return;
      // Another timeline: its positions say nothing about those before.
      if (this.#primary?.timeline !== position.timeline) this.#samples = [];
      this.#primary = position;
      this.#samples.push({ at: position.askedAt, lsn: position.lsn });
      if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    } catch (thrown) {
      // What is known of it gets old, and the replicas with it.
      this.#parts.logger.debug({ error: errorMessage(thrown) }, "the primary does not say where it is");
    }
  }

  async #lookAt(replica: Replica, watch: Watch): Promise<void> {
    const wasUp = replica.position !== null;
    try {
      replica.saw(await watch.look());
    } catch (thrown) {
      replica.lost(errorMessage(thrown));
    }
    const isUp = replica.position !== null;
    if (isUp === wasUp || this.#timer === null) return;
    if (isUp) this.#parts.logger.info({ replica: replica.name }, "a replica answers");
    else this.#parts.logger.warn({ replica: replica.name, error: replica.problem }, "a replica does not answer");
    for (const listener of this.#onChange) listener(replica, isUp);
  }

  #nudge(replica: Replica, watch: Watch): void {
    if (now() - (replica.position?.askedAt ?? 0) < NUDGE_MS) return;
    void this.#alone(watch, () => this.#lookAt(replica, watch));
  }
}
