import { now, quoteIdentifier, sleep } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import { formatLsn, LSN_ZERO, parseLsn } from "@freshet/values";
import type { Client } from "pg";
import { LogicalReplicationService } from "pg-logical-replication";
import { type Upstream, clientConfig, quoteLiteral } from "./upstream.ts";

const LONGEST_STATUS_INTERVAL_MS = 10_000;
/** Silence after which the walsender is asked to answer, and after which it is given up. */
const SILENCE_BEFORE_PING_MS = 20_000;
const SILENCE_LIMIT_MS = 60_000;
/**
 * Reading in gulps: the walsender sends each message by itself, and what gathers while the socket is not
 * read comes in a few large chunks, which halves the cost on both sides. Only when so many messages
 * came within one window that there is a backlog; a small transaction is never delayed.
 */
const GULP_MESSAGES = 128;
const GULP_MS = 5;
const CLOSE_LIMIT_MS = 2_000;

export interface StreamSessionOptions {
  readonly url: Upstream;
  readonly slot: string;
  readonly publication: string;
  readonly from: Lsn;
  readonly walSenderTimeoutMs: number;
  /** What may be reported as flushed. */
  readonly acknowledged: () => Lsn;
  /** One pgoutput message; its bytes are reused when the call returns. */
  readonly onMessage: (bytes: Buffer) => void;
  readonly onStart: () => void;
  /** The walsender has sent everything up to `lsn`. */
  readonly onKeepAlive: (lsn: Lsn) => void;
  /** Something came, whatever it was. */
  readonly onAlive: (walEnd: Lsn) => void;
}

/**
 * One replication connection, carried by pg-logical-replication. What of the library is worked around:
 * - it is told to acknowledge nothing by itself (its timer would report received positions as flushed);
 * - `acknowledge(lsn)` reports lsn + 1, see `sendStatus`;
 * - what `parse` throws would become an uncaught exception: it is caught here and ends the session;
 * - its flow control queues parsed messages without a bound; the socket is paused here instead.
 */
export class StreamSession {
  readonly #options: StreamSessionOptions;
  readonly #service: LogicalReplicationService;
  #client: Client | null = null;
  #failure: Error | null = null;
  #lastHeard = 0;
  #stopped = false;
  #full = false;
  #gulpTimer: NodeJS.Timeout | null = null;
  #windowStart = 0;
  #windowMessages = 0;

  constructor(options: StreamSessionOptions) {
    this.#options = options;
    this.#service = new LogicalReplicationService(clientConfig(options.url), {
      acknowledge: { auto: false, timeoutSeconds: 0 },
    });
  }

  /** Streams until the connection ends; always rejects, with the reason, unless `stop` was called. */
  async run(): Promise<void> {
    const service = this.#service;
    service.on("start", () => this.#options.onStart());
    service.on("error", (error: Error) => this.#fail(error));
    service.on("heartbeat", (lsn, _time, reply) => this.#heartbeat(lsn, reply));
    this.#lastHeard = now();
    const timer = setInterval(() => this.#tick(), this.#statusIntervalMs());
    try {
      await service.subscribe(this.#plugin(), this.#options.slot, formatLsn(this.#options.from));
      this.#failure ??= new Error("the upstream ended the stream");
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    } finally {
      clearInterval(timer);
      if (this.#gulpTimer !== null) clearTimeout(this.#gulpTimer);
      await this.#close();
    }
    if (!this.#stopped) throw this.#failure;
  }

  /** Ends the session; `run` then resolves. */
  stop(): void {
    this.#stopped = true;
    this.#client?.connection.stream.destroy();
  }

  /** Ends the session as if the connection had failed. */
  abandon(reason: unknown): void {
    this.#fail(reason instanceof Error ? reason : new Error(String(reason)));
  }

  /** Stops and restarts reading; status updates go on meanwhile. */
  setFull(full: boolean): void {
    this.#full = full;
    this.#updateReading();
  }

  /**
   * Reports the acknowledged position. The library adds 1 to what it is given, and the position must be
   * exact: the next transaction's commit record may start right at the end of the acknowledged one,
   * and the walsender skips transactions whose commit record starts before the confirmed position.
   */
  sendStatus(ping = false): void {
    const lsn = this.#options.acknowledged();
    if (lsn === LSN_ZERO || this.#client === null) return;
    // It never rejects: it writes to the socket, whose failure ends the session by itself.
    void this.#service.acknowledge(formatLsn(lsn - 1n), ping);
  }

  #plugin(): Parameters<LogicalReplicationService["subscribe"]>[0] {
    return {
      name: "pgoutput",
      options: {},
      start: (client: Client, slot: string, lsn: string): Promise<unknown> => {
        this.#client = client;
        if (this.#stopped) throw new Error("stopped");
        const publication = quoteLiteral(quoteIdentifier(this.#options.publication));
        return client.query(
          `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${lsn}
           (proto_version '1', publication_names ${publication}, messages 'true', binary 'true')`,
        );
      },
      parse: (bytes: Buffer): void => this.#receive(bytes),
    };
  }

  #receive(bytes: Buffer): void {
    if (this.#failure !== null || this.#stopped) return;
    this.#lastHeard = now();
    this.#gulp();
    this.#options.onAlive(LSN_ZERO);
    try {
      this.#options.onMessage(bytes);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #heartbeat(text: string, reply: boolean): void {
    if (this.#failure !== null || this.#stopped) return;
    this.#lastHeard = now();
    const lsn = parseLsn(text) ?? LSN_ZERO;
    this.#options.onAlive(lsn);
    this.#options.onKeepAlive(lsn);
    if (reply) this.sendStatus();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#client?.connection.stream.destroy();
  }

  #tick(): void {
    const silence = now() - this.#lastHeard;
    // While nothing is read nothing can be heard.
    if (!this.#full && silence > SILENCE_LIMIT_MS) {
      this.#fail(new Error(`nothing came from the upstream for ${Math.round(silence / 1000)} s`));
      return;
    }
    if (this.#full) this.#lastHeard = now();
    this.sendStatus(silence > SILENCE_BEFORE_PING_MS);
  }

  #statusIntervalMs(): number {
    const timeout = this.#options.walSenderTimeoutMs;
    return timeout === 0 ? LONGEST_STATUS_INTERVAL_MS : Math.min(LONGEST_STATUS_INTERVAL_MS, Math.max(timeout / 3, 50));
  }

  #gulp(): void {
    if (this.#lastHeard - this.#windowStart > GULP_MS) {
      this.#windowStart = this.#lastHeard;
      this.#windowMessages = 0;
    }
    this.#windowMessages++;
    if (this.#windowMessages < GULP_MESSAGES || this.#gulpTimer !== null) return;
    this.#gulpTimer = setTimeout(() => {
      this.#gulpTimer = null;
      this.#windowMessages = 0;
      this.#windowStart = now();
      this.#updateReading();
    }, GULP_MS);
    this.#updateReading();
  }

  #updateReading(): void {
    const stream = this.#client?.connection.stream;
    if (stream === undefined) return;
    if (this.#full || this.#gulpTimer !== null) stream.pause();
    else stream.resume();
  }

  /** Ends the library's service; its `stop` can wait forever for a connection that is gone already. */
  async #close(): Promise<void> {
    this.#client?.connection.stream.destroy();
    const limit = new AbortController();
    await Promise.race([this.#service.stop(), sleep(CLOSE_LIMIT_MS, limit.signal).catch(() => undefined)]);
    limit.abort();
    this.#client = null;
  }
}
