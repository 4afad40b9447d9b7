import type { Duplex } from "node:stream";
import { FreshetError, type Logger, SqlState, errorMessage, sleep } from "@freshet/base";
import { type AskOptions, Dialogue, type Handlers } from "./dialogue.ts";
import { connectLocally } from "./local-socket.ts";
import { BUILD, type CoreQuestions, type FrontQuestions } from "./protocol.ts";

/** How long a front waits before it looks for the core again. */
const RETRY_MS = 100;

export interface CoreLinkParts {
  readonly path: string;
  readonly generation: number;
  readonly handlers: Handlers<CoreQuestions>;
  /** The core is there, and tells what there is. What this throws ends the connection. */
  readonly onAttached: () => void;
  readonly onLost: () => void;
  readonly logger: Logger;
}

/** A front's connection to its core, made again whenever it is lost. */
export class CoreLink {
  readonly #parts: CoreLinkParts;
  readonly #stopping = new AbortController();
  #socket: Duplex | null = null;
  #dialogue: Dialogue<FrontQuestions, CoreQuestions> | null = null;
  #running: Promise<void> | null = null;
  #complaint: string | null = null;

  constructor(parts: CoreLinkParts) {
    this.#parts = parts;
  }

  get attached(): boolean {
    return this.#dialogue !== null;
  }

  start(): void {
    this.#running = this.#run();
  }

  ask<Kind extends keyof FrontQuestions>(
    kind: Kind,
    question: FrontQuestions[Kind]["question"],
    options: AskOptions = {},
  ): Promise<FrontQuestions[Kind]["answer"]> {
    if (this.#dialogue !== null) return this.#dialogue.ask(kind, question, options);
    return Promise.reject(
      new FreshetError(SqlState.cannotConnectNow, "the process that has the caches cannot be reached", {
        hint: "Freshet is being restarted: try again in a moment.",
      }),
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#socket?.destroy();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#attach();
      } catch (thrown) {
        this.#complain(errorMessage(thrown));
      }
      try {
        await sleep(RETRY_MS, signal);
      } catch {
        return;
      }
    }
  }

  /** Resolves when the connection has ended. */
  async #attach(): Promise<void> {
    const { path, generation, handlers, onAttached, onLost, logger } = this.#parts;
    const socket = connectLocally(path);
    this.#socket = socket;
    const closed = new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("close", () => resolve());
    });
    const dialogue = new Dialogue<FrontQuestions, CoreQuestions>(socket, handlers);
    try {
      await Promise.race([dialogue.ask("introduce", { build: BUILD, generation }), closed]);
      if (socket.destroyed) return;
      this.#dialogue = dialogue;
      this.#complaint = null;
      onAttached();
      logger.info("attached to the process that has the caches");
      await closed;
    } finally {
      socket.destroy();
      this.#dialogue = null;
      onLost();
    }
  }

  /** Once for each reason. */
  #complain(reason: string): void {
    if (reason === this.#complaint || this.#stopping.signal.aborted) return;
    this.#complaint = reason;
    this.#parts.logger.warn({ error: reason }, "the process that has the caches cannot be reached: all is forwarded");
  }
}
