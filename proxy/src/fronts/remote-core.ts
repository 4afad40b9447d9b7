import type { KeptBytes } from "../kept/kept-front.ts";
import { type FreshetOptions, type Logger, errorMessage, now, processId } from "@freshet/base";
import { APPLIED_KEY, META_ARRANGEMENT } from "@freshet/contract";
import { type StoreReader, openStoreReader } from "@freshet/store";
import type { Lsn } from "@freshet/values";
import { createServing, type Serving } from "../compose-front.ts";
import { createShared, type Shared } from "../compose-shared.ts";
import { PROCESS_ROW } from "../commands/show.ts";
import { COMMAND_COLUMNS } from "../commands/command-columns.ts";
import { type Controls, createControls } from "../control/controls.ts";
import type { ConsolePart } from "../console/console-family.ts";
import type { SchemaNews } from "../front/away-front.ts";
import type { ViewFront } from "../front/cache-front.ts";
import type { CompileRead } from "../front/compile-read.ts";
import { KeyFills } from "../front/key-fills.ts";
import { UpstreamLsn } from "../front/upstream-lsn.ts";
import { type AnswersOfInvalidate, describeInvalidating, storedRows } from "../invalidate/invalidating-read.ts";
import { StreamNudge } from "../replication/stream-nudge.ts";
import type { CommandResult, CommandRunner } from "../session/front-ports.ts";
import { storeDirectory } from "../store-directory.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { CacheMirror } from "./cache-mirror.ts";
import { CoreLink } from "./core-link.ts";
import { MirroredHealth } from "./mirrored-health.ts";
import {
  type FrontStatistics,
  type ProcessMetrics,
  STATISTICS_INTERVAL_MS,
  type Update,
  coreSocketPath,
} from "./protocol.ts";

export interface RemoteCoreHooks {
  readonly onAnswered: (seconds: number) => void;
  readonly clients: () => number;
  readonly metrics: () => Promise<ProcessMetrics>;
  /** Does, or shows, a console command in this process. */
  readonly console: (text: string) => Promise<ConsolePart>;
  /** For the time without a core: tells whoever may be one. */
  readonly schemaNews: (news: SchemaNews) => void;
}

/** The caching side of a front: it reads the views itself, and asks the core for everything else. */
export class RemoteCore {
  readonly front: ViewFront;
  readonly commands: CommandRunner;
  readonly #options: FreshetOptions;
  readonly #hooks: RemoteCoreHooks;
  readonly #logger: Logger;
  readonly #controls: Controls;
  readonly #shared: Shared;
  readonly #serving: Serving;
  readonly #mirror: CacheMirror;
  readonly #health: MirroredHealth;
  readonly #nudge: StreamNudge;
  readonly #link: CoreLink;
  #reader: StoreReader | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(
    options: FreshetOptions,
    generation: number,
    upstream: Upstream,
    compileRead: CompileRead,
    hooks: RemoteCoreHooks,
    logger: Logger,
  ) {
    this.#options = options;
    this.#hooks = hooks;
    this.#logger = logger;
    this.#controls = createControls(options, upstream.driver);
    const { privileging } = this.#controls;
    this.#shared = createShared(options, upstream.url, (sql) => privileging.query(sql), now, compileRead);
    this.#mirror = new CacheMirror(this.#shared.compiled);
    this.#health = new MirroredHealth({ readApplied: () => this.#readApplied(), clock: now });
    this.#nudge = new StreamNudge(this.#health, this.#controls.positions, logger);
    this.#link = new CoreLink({
      path: coreSocketPath(options.data),
      generation,
      handlers: {
        update: (update) => this.#heed(update),
        statistics: () => this.#statistics(),
        metrics: () => hooks.metrics(),
        console: ({ text }) => hooks.console(text),
      },
      onAttached: () => this.#attached(),
      onLost: () => this.#lost(),
      logger,
    });
    this.#serving = this.#createServing();
    this.front = this.#serving.front;
    this.commands = {
      columns: ({ kind }) => COMMAND_COLUMNS[kind],
      run: async (command, context) => {
        const { facts, last, signal } = context;
        const note = (message: string, detail?: string): void => context.notice(message, detail);
        const result = await this.#link.ask("command", { command, facts, last }, { signal, note });
        return command.kind === "show-status" ? servedHere(result) : result;
      },
    };
  }

  /** Memory of assembled answers. */
  get kept(): KeptBytes {
    return this.#serving.kept.usage;
  }

  start(): void {
    this.#link.start();
    this.#timer = setInterval(() => this.#tellStatistics(), STATISTICS_INTERVAL_MS);
  }

  /** What another process says while there may be no core. */
  schemaNews(): void {
    this.#shared.privileges.forget();
  }

  /** A console command in all processes but this one. */
  console(text: string): Promise<readonly ConsolePart[]> {
    return this.#link.ask("console", { text });
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#nudge.stop();
    await this.#link.stop();
    await Promise.all(Object.values(this.#controls).map((control) => control.close()));
  }

  #createServing(): Serving {
    const { analysis, positions } = this.#controls;
    const fills = new KeyFills({
      engine: { fillKeys: (cacheId, keys, used) => this.#link.ask("fill", { cacheId, keys, used }) },
      clock: now,
      logger: this.#logger,
    });
    this.#shared.compiled.onForgotten((id) => fills.forget(id));
    return createServing(this.#options, this.#shared, {
      catalog: this.#mirror,
      fills,
      invalidating: this.#answers(),
      health: this.#health,
      upstreamLsn: new UpstreamLsn(positions),
      nudge: this.#nudge,
      run: (statements) => analysis.run(statements),
      reader: () => this.#reader,
      onAnswered: (milliseconds) => this.#hooks.onAnswered(milliseconds / 1000),
      logger: this.#logger,
      onSchemaStatement: () => void this.#tellNews("schema"),
      onTransactionStatement: () => {
        if (this.#health.wantsTransactions || !this.#link.attached) void this.#tellNews("transaction");
      },
    });
  }

  /** Answers in mode `invalidate` are in the core's memory. */
  #answers(): AnswersOfInvalidate {
    return {
      describe: describeInvalidating,
      read: async (execution, needed) => {
        const { id: cacheId, shape, facts, parameters, formats } = execution;
        try {
          const question = { cacheId, text: shape.text, facts, parameters, formats, needed };
          const found = await this.#link.ask("answer", question);
          return found.kind === "not-found" ? found : storedRows(execution, found);
        } catch (thrown) {
          return { kind: "not-found", reason: "replication_down", detail: errorMessage(thrown) };
        }
      },
    };
  }

  /** Hits are off here until the core has heeded it: its updates tell then when they are on again. */
  async #tellNews(news: SchemaNews): Promise<void> {
    if (!this.#link.attached) {
      this.#hooks.schemaNews(news);
      return;
    }
    const resume = this.#health.suspend();
    try {
      await this.#link.ask("news", news);
    } catch (thrown) {
      this.#logger.debug({ error: errorMessage(thrown) }, "the core has not heeded what may have changed the schema");
      this.#hooks.schemaNews(news);
    } finally {
      resume();
    }
  }

  #heed(update: Update): null {
    this.#mirror.apply(update);
    if (this.#health.update(update.state)) {
      this.#shared.privileges.forget();
      this.#shared.queries.forgetVerdicts();
    }
    return null;
  }

  #attached(): void {
    this.#serving.kept.forget();
    this.#reader = openStoreReader(storeDirectory(this.#options), true);
  }

  #lost(): void {
    const reader = this.#reader;
    this.#reader = null;
    this.#health.lose();
    this.#mirror.clear();
    reader?.close().catch((thrown: unknown) => {
      this.#logger.error({ error: errorMessage(thrown) }, "the views could not be closed");
    });
  }

  #readApplied(): Lsn | null {
    const applied = this.#reader?.readRecent(0, (transaction) => transaction.get(META_ARRANGEMENT, APPLIED_KEY));
    return applied?.readBigUInt64BE(0) ?? null;
  }

  #statistics(): FrontStatistics {
    return {
      clients: this.#hooks.clients(),
      caches: this.#mirror.takeCounts(),
      queries: this.#shared.queries.take(),
    };
  }

  #tellStatistics(): void {
    if (!this.#link.attached) return;
    this.#link.ask("statistics", this.#statistics()).catch((thrown: unknown) => {
      this.#logger.debug({ error: errorMessage(thrown) }, "the core has not taken what was counted");
    });
  }
}

/** What the core answered, for a client of this process. */
function servedHere({ tag, rows }: CommandResult): CommandResult {
  return { tag, rows: rows.map((row) => (row[0] === PROCESS_ROW ? [PROCESS_ROW, String(processId())] : row)) };
}
