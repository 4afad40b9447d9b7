import type { Duplex } from "node:stream";
import { FreshetError, type Logger, SqlState, assert, errorMessage, sleep } from "@freshet/base";
import type { Engine } from "@freshet/contract";
import type { CacheCatalog } from "../caches/cache-catalog.ts";
import type { ConsolePart } from "../console/console-family.ts";
import type { SchemaNews } from "../front/away-front.ts";
import type { ProxiedQueries } from "../front/proxied-queries.ts";
import { unavailability } from "../front/unavailable.ts";
import type { FoundAnswer, InvalidatingRead, NotFound } from "../invalidate/invalidating-read.ts";
import type { ReplicationHealth } from "../replication/health.ts";
import type { CommandRunner, PreparedRoute } from "../session/front-ports.ts";
import { CoreCommands } from "./core-commands.ts";
import { type LocalListener, listenLocally } from "./local-socket.ts";
import { FrontPeer, type PeerHandlers } from "./front-peer.ts";
import {
  type AnswerQuestion,
  type CoreState,
  type FrontStatistics,
  type ProcessMetrics,
  SILENCE_MS,
  UPDATE_INTERVAL_MS,
} from "./protocol.ts";

/** How long a front may take to tell what it has counted. */
const STATISTICS_TIMEOUT_MS = 1000;
/** How long an answer waits for commits that its front has seen in the store. */
const CATCH_UP_MS = 50;

export interface FrontServerParts {
  /** Of the Unix socket; whoever has the data folder's lock may replace it. */
  readonly path: string;
  readonly generation: number;
  readonly catalog: CacheCatalog;
  readonly health: ReplicationHealth;
  readonly privileges: { readonly generation: number };
  readonly engine: Pick<Engine, "fillKeys">;
  readonly invalidating: Pick<InvalidatingRead, "find">;
  readonly queries: Pick<ProxiedQueries, "merge">;
  readonly commands: CommandRunner;
  readonly prepare: (text: string) => PreparedRoute;
  /** See SchemaWatch.uncommitted. */
  readonly uncommitted: () => boolean;
  /** Heeds at once what a front's client may have changed. */
  readonly schemaNews: (news: SchemaNews) => void;
  /** Does, or shows, a console command in this process. */
  readonly console: (text: string) => Promise<ConsolePart>;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** The core's side of all its fronts: keeps them informed, and does for them what only the core can do. */
export class FrontServer {
  readonly #parts: FrontServerParts;
  readonly #peers = new Set<FrontPeer>();
  readonly #stopping = new AbortController();
  #listener: LocalListener | null = null;
  #withoutPredecessors: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(parts: FrontServerParts) {
    this.#parts = parts;
  }

  /** Fronts that know what there is to know. */
  get attached(): number {
    return this.#introduced().length;
  }

  /** Clients of all fronts, as they told last. */
  get clients(): number {
    return this.#introduced().reduce((sum, { clients }) => sum + clients, 0);
  }

  async start(): Promise<void> {
    this.#listener = await listenLocally(this.#parts.path, (connection) => this.#accept(connection));
    if (this.#parts.generation > 1)
      this.#withoutPredecessors = sleep(SILENCE_MS, this.#stopping.signal).catch(() => undefined);
    this.#timer = setInterval(() => {
      for (const peer of this.#introduced()) peer.look();
    }, UPDATE_INTERVAL_MS);
  }

  /** Resolves when no front, also of an earlier core that may not have noticed its end, goes by anything older than what is so now. */
  async settleAll(): Promise<void> {
    await Promise.all([this.settle(), this.#withoutPredecessors]);
  }

  /** The same of the fronts that were started with this core. */
  async settle(): Promise<void> {
    await Promise.all([...this.#peers].map((peer) => peer.settle()));
  }

  /** Has all fronts tell what they have counted; what is told too late counts for the next time. */
  async collect(): Promise<void> {
    await Promise.all(
      this.#introduced().map(async (peer) => {
        const told = peer.ask("statistics", null).then((statistics) => this.#absorb(peer, statistics));
        await this.#timely(told);
      }),
    );
  }

  async metrics(): Promise<readonly ProcessMetrics[]> {
    const all = await Promise.all(this.#introduced().map((peer) => this.#timely(peer.ask("metrics", null))));
    return all.filter((metrics) => metrics !== null);
  }

  /** A console command in all processes but this one, and the one of `except`. Rejects when one of them does. */
  console(text: string, except: FrontPeer | null = null): Promise<ConsolePart[]> {
    const others = this.#introduced().filter((peer) => peer !== except);
    return Promise.all(others.map((peer) => peer.ask("console", { text })));
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#stopping.abort();
    for (const peer of this.#peers) peer.end();
    await this.#listener?.close();
  }

  #introduced(): readonly FrontPeer[] {
    return [...this.#peers].filter(({ introduced }) => introduced);
  }

  #accept(socket: Duplex): void {
    const { generation, catalog, health, privileges, uncommitted, clock, logger } = this.#parts;
    socket.on("error", (error) => logger.warn({ error: error.message }, "the connection to a front has failed"));
    const state = (): CoreState => ({
      epoch: health.epoch,
      privileges: privileges.generation,
      suspended: health.suspended,
      problem: health.problem(),
      uncommitted: uncommitted(),
    });
    const peer: FrontPeer = new FrontPeer(
      socket,
      {
        generation,
        state,
        clock,
        logger,
        caches: () => catalog.all(),
        onStatistics: (from, statistics) => this.#absorb(from, statistics),
      },
      this.#handlers(() => peer),
    );
    this.#peers.add(peer);
    socket.once("close", () => this.#peers.delete(peer));
  }

  #handlers(peer: () => FrontPeer): PeerHandlers {
    const { commands, engine, schemaNews, console } = this.#parts;
    return {
      news: async (news) => {
        schemaNews(news);
        await this.settle();
        return null;
      },
      command: ({ command, facts, last }, signal, notice) => {
        return new CoreCommands(commands, this).run(command, { facts, last, signal, notice });
      },
      fill: ({ cacheId, keys, used }) => engine.fillKeys(cacheId, keys, used),
      answer: (question) => this.#answer(question),
      console: async ({ text }) => {
        const [own, others] = await Promise.all([console(text), this.console(text, peer())]);
        return [own, ...others];
      },
    };
  }

  /** In mode `invalidate`; the front has looked at the session, and at its privileges. */
  async #answer(question: AnswerQuestion): Promise<FoundAnswer | NotFound> {
    const { catalog, health, invalidating, prepare } = this.#parts;
    const { cacheId: id, text, facts, parameters, formats, needed } = question;
    if (health.applied < needed) await health.waitFor(needed, CATCH_UP_MS);
    const cache = catalog.byId(id);
    const { shape } = prepare(text).info;
    assert(shape !== null, "what asks a cache is a SELECT");
    if (cache?.invalidation == null) return { kind: "not-found", reason: "cache_building", detail: null };
    const unavailable = unavailability(cache, health);
    if (unavailable !== null) return { kind: "not-found", ...unavailable };
    const { plan } = cache.invalidation;
    return invalidating.find({ cache, id, plan, shape, facts, parameters, formats }, needed);
  }

  #absorb(peer: FrontPeer, { clients, caches, queries }: FrontStatistics): void {
    peer.clients = clients;
    for (const { id, hits, misses } of caches) {
      const cache = this.#parts.catalog.byId(id);
      if (cache === undefined) continue;
      cache.hits += hits;
      cache.misses += misses;
    }
    this.#parts.queries.merge(queries);
  }

  /** Null when a front fails to answer, or does not in time. */
  async #timely<T>(answer: Promise<T>): Promise<T | null> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new FreshetError(SqlState.queryCanceled, "a front does not answer in time");
      timer = setTimeout(() => reject(error), STATISTICS_TIMEOUT_MS);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (thrown) {
      this.#parts.logger.warn({ error: errorMessage(thrown) }, "a front's counts are left out");
      return null;
    } finally {
      clearTimeout(timer);
    }
  }
}
