import type { Duplex } from "node:stream";
import { FreshetError, type Logger, SqlState, sleep } from "@freshet/base";
import type { Cache } from "../caches/cache.ts";
import { CatalogChanges } from "./catalog-changes.ts";
import { Dialogue, type Handlers } from "./dialogue.ts";
import {
  BUILD,
  type CoreQuestions,
  type CoreState,
  type FrontQuestions,
  type FrontStatistics,
  HEARTBEAT_MS,
  type Introduction,
  SILENCE_MS,
} from "./protocol.ts";

/** Longer than a front goes by an update (SILENCE_MS) that it heeded before this one was sent. */
const PATIENCE_MS = 2 * SILENCE_MS;

export interface FrontPeerParts {
  readonly generation: number;
  readonly caches: () => readonly Cache[];
  readonly state: () => CoreState;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly onStatistics: (peer: FrontPeer, statistics: FrontStatistics) => void;
}

export type PeerHandlers = Omit<Handlers<FrontQuestions>, "introduce" | "statistics">;

/** One front, as the core sees it. */
export class FrontPeer {
  /** Clients that it has, as it told last. */
  clients = 0;
  readonly #parts: FrontPeerParts;
  readonly #socket: Duplex;
  readonly #dialogue: Dialogue<CoreQuestions, FrontQuestions>;
  #changes: CatalogChanges | null = null;
  /** One update after the other: the next is sent when the last was heeded. */
  #updates: Promise<void> = Promise.resolve();
  #waiting = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** `handlers`: of what it may ask when it has introduced itself. */
  constructor(socket: Duplex, parts: FrontPeerParts, handlers: PeerHandlers) {
    this.#socket = socket;
    this.#parts = parts;
    this.#dialogue = new Dialogue<CoreQuestions, FrontQuestions>(socket, {
      introduce: (introduction) => this.#introduce(introduction),
      statistics: (statistics) => {
        parts.onStatistics(this, statistics);
        return null;
      },
      ...handlers,
    });
  }

  get introduced(): boolean {
    return this.#changes !== null && !this.#socket.destroyed;
  }

  get ask(): Dialogue<CoreQuestions, FrontQuestions>["ask"] {
    return this.#dialogue.ask.bind(this.#dialogue);
  }

  /** Tells what has changed, if anything has or it is time for a sign of life, unless it still has to heed the last. */
  look(): void {
    if (this.#waiting === 0) void this.#update(this.#parts.clock() - this.#toldAt >= HEARTBEAT_MS);
  }

  /** Resolves when the front heeds all that is so now, or would not go by what it knew before. */
  settle(): Promise<void> {
    return this.#update(false);
  }

  end(): void {
    this.#socket.destroy();
  }

  #introduce({ build, generation }: Introduction): null {
    if (build !== BUILD || generation !== this.#parts.generation)
      throw new FreshetError(SqlState.objectNotInPrerequisiteState, "this front is of another build or start");
    this.#changes = new CatalogChanges();
    void this.#update(true);
    return null;
  }

  #update(always: boolean): Promise<void> {
    this.#waiting++;
    const heeded = this.#updates.then(() => this.#tell(always)).finally(() => this.#waiting--);
    this.#updates = heeded;
    return heeded;
  }

  async #tell(always: boolean): Promise<void> {
    if (!this.introduced || this.#changes === null) return;
    const state = this.#parts.state();
    const update = this.#changes.next(this.#parts.caches(), state);
    if (update === null && !always) return;
    this.#toldAt = this.#parts.clock();
    const timer = setTimeout(() => {
      this.#parts.logger.warn("a front does not react: it has to connect again");
      this.#socket.destroy();
    }, PATIENCE_MS);
    try {
      await this.#dialogue.ask("update", update ?? { state, changed: [], gone: [] });
    } catch {
      this.#socket.destroy();
      // It has ended, or will hear that its connection has; else it goes by what it knew no longer than this.
      await sleep(SILENCE_MS);
    } finally {
      clearTimeout(timer);
    }
  }
}
