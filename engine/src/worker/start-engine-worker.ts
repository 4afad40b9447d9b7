import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FreshetError, SqlState } from "@freshet/base";
import type {
  ApplyResult,
  BuildProgress,
  CacheDefinition,
  Commit,
  Engine,
  EngineState,
  EngineStats,
  GraphNodeInfo,
  KeyOutcome,
  ReplicationOrigin,
  TableSchema,
  UpstreamCaller,
} from "@freshet/contract";
import type { QueryPlan } from "@freshet/sql";
import type { Lsn } from "@freshet/values";
import { Piscina } from "piscina";
import { answerCalls, type CallsLine } from "./answer-calls.ts";
import type {
  ConnectRequest,
  EngineMethod,
  EngineRequest,
  EngineResponse,
  PortableError,
  WorkerOptions,
} from "./protocol.ts";

/** Requests sent and not answered; more wait in the pool's queue. */
const CONCURRENT_REQUESTS = 64;

/** A batch's rows and keys should die young: with little room V8 would copy them while they are in use. */
const YOUNG_GENERATION_MB = 96;

/** Buffers of at least this size have memory of their own (Node's pool hands out smaller ones). */
const OWN_MEMORY_BYTES = 16 << 10;

/** The built worker: Node 20 cannot start a worker from a TypeScript file. */
function workerFile(): string {
  const own = import.meta.url;
  const built = own.endsWith(".ts") ? "../../dist/worker/engine-worker.js" : "./engine-worker.js";
  const file = fileURLToPath(new URL(built, own));
  if (existsSync(file)) return file;
  throw new FreshetError(SqlState.internalError, `the engine's worker "${file}" is missing`, {
    hint: "Build Freshet first: npm run build.",
  });
}

/** The memory of chunks that is theirs alone and can be moved to the worker. */
function transferable(chunks: readonly Buffer[]): ArrayBuffer[] {
  const memories = new Set<ArrayBuffer>();
  for (const { buffer, byteOffset } of chunks) {
    const own = buffer instanceof ArrayBuffer && byteOffset === 0 && buffer.byteLength >= OWN_MEMORY_BYTES;
    if (own) memories.add(buffer);
  }
  return [...memories];
}

/** A view on a large buffer would take all of it along. */
function ownMemory(bytes: Buffer): Buffer {
  return Buffer.from(new Uint8Array(bytes).buffer);
}

function revive(error: PortableError): Error {
  const { code, message, detail, hint, stack } = error;
  const revived = code === null ? new Error(message) : new FreshetError(code, message, { detail, hint });
  if (stack !== undefined) revived.stack = stack;
  return revived;
}

/** An engine in a thread of its own: a pool of one worker, so that the state stays with its thread. */
class EngineWorker implements Engine {
  readonly #pool: Piscina<EngineRequest | ConnectRequest, EngineResponse>;
  #line: CallsLine | null = null;
  /** Calls that the worker has not answered. */
  readonly #pending = new Set<Promise<unknown>>();
  #closed: Promise<void> | null = null;

  constructor(options: WorkerOptions) {
    this.#pool = new Piscina<EngineRequest | ConnectRequest, EngineResponse>({
      filename: workerFile(),
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: CONCURRENT_REQUESTS,
      // With atomics the worker would sleep between tasks, and its flushes would never be noticed.
      atomics: "disabled",
      recordTiming: false,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      // The worker runs the built code, whatever conditions and loaders this process was started with.
      execArgv: [],
      workerData: options,
    });
  }

  /** Gives the worker its line for calls that PostgreSQL makes; without a caller it has none. */
  async connect(caller: UpstreamCaller | null): Promise<void> {
    if (caller === null) return;
    this.#line = answerCalls(caller);
    const { port, signal } = this.#line;
    const response = await this.#pool.run({ method: "connect", port, signal }, { transferList: [port] });
    if (!response.ok) throw revive(response.error);
  }

  open(): Promise<EngineState> {
    return this.#call("open", []);
  }

  reset(origin: ReplicationOrigin): Promise<void> {
    return this.#call("reset", [origin]);
  }

  relocate(timeline: number): Promise<void> {
    return this.#call("relocate", [timeline]);
  }

  /** The commits' buffers may be moved to the worker: they are not the caller's any more. */
  apply(commits: readonly Commit[]): Promise<ApplyResult> {
    return this.#call("apply", [commits], transferable(commits.flatMap((commit) => commit.changes)));
  }

  stage(changes: readonly Buffer[]): Promise<void> {
    return this.#call("stage", [changes], transferable(changes));
  }

  discardStaged(): Promise<void> {
    return this.#call("discardStaged", []);
  }

  advance(lsn: Lsn): Promise<ApplyResult> {
    return this.#call("advance", [lsn]);
  }

  flush(): Promise<Lsn> {
    return this.#call("flush", []);
  }

  beginTable(table: TableSchema, snapshotLsn: Lsn): Promise<void> {
    return this.#call("beginTable", [table, snapshotLsn]);
  }

  loadRows(tableOid: number, batch: Buffer): Promise<void> {
    return this.#call("loadRows", [tableOid, batch], transferable([batch]));
  }

  endTable(tableOid: number): Promise<void> {
    return this.#call("endTable", [tableOid]);
  }

  dropTable(tableOid: number): Promise<void> {
    return this.#call("dropTable", [tableOid]);
  }

  check(plan: QueryPlan, options: { readonly partial?: boolean } = {}): Promise<readonly GraphNodeInfo[]> {
    return this.#call("check", [plan, options]);
  }

  createCache(definition: CacheDefinition): Promise<void> {
    return this.#call("createCache", [definition]);
  }

  buildStep(cacheId: number): Promise<BuildProgress> {
    return this.#call("buildStep", [cacheId]);
  }

  fillKeys(
    cacheId: number,
    keys: readonly (readonly Buffer[])[],
    used: readonly Buffer[],
  ): Promise<readonly KeyOutcome[]> {
    return this.#call("fillKeys", [cacheId, keys.map((values) => values.map(ownMemory)), used.map(ownMemory)]);
  }

  dropCache(cacheId: number): Promise<void> {
    return this.#call("dropCache", [cacheId]);
  }

  collectGarbage(): Promise<boolean> {
    return this.#call("collectGarbage", []);
  }

  resume(lsn: Lsn): Promise<void> {
    return this.#call("resume", [lsn]);
  }

  acknowledgeOutbox(cacheId: number, lsn: Lsn): Promise<void> {
    return this.#call("acknowledgeOutbox", [cacheId, lsn]);
  }

  status(): Promise<EngineState> {
    return this.#call("status", []);
  }

  explain(cacheId: number): Promise<readonly GraphNodeInfo[]> {
    return this.#call("explain", [cacheId]);
  }

  stats(): Promise<EngineStats> {
    return this.#call("stats", []);
  }

  /**
   * The worker closes its environment before it is ended: a thread must not end with LMDB open, nor with calls that it
   * has not answered. Calls made from now on fail.
   */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await Promise.allSettled(this.#pending);
    try {
      await this.#send("close", []);
    } finally {
      await this.#pool.destroy();
      this.#line?.close();
    }
  }

  #call<M extends EngineMethod>(
    method: M,
    args: EngineRequest<M>["args"],
    transferList: readonly ArrayBuffer[] = [],
  ): Promise<Awaited<ReturnType<Engine[M]>>> {
    if (this.#closed !== null)
      return Promise.reject(new FreshetError(SqlState.internalError, `the engine is closed: no ${method}`));
    const call = this.#send(method, args, transferList);
    this.#pending.add(call);
    const settle = (): boolean => this.#pending.delete(call);
    call.then(settle, settle);
    return call;
  }

  async #send<M extends EngineMethod>(
    method: M,
    args: EngineRequest<M>["args"],
    transferList: readonly ArrayBuffer[] = [],
  ): Promise<Awaited<ReturnType<Engine[M]>>> {
    const response = await this.#pool.run({ method, args }, { transferList: [...transferList] });
    if (!response.ok) throw revive(response.error);
    return response.value as Awaited<ReturnType<Engine[M]>>;
  }
}

/** A worker thread that is starting, and loads the engine meanwhile. */
export interface SpawnedEngine {
  /**
   * The engine in it; the store, which may still be another process's, is opened by `open`. `caller` makes the calls that the engine
   * leaves to PostgreSQL. To be called once.
   */
  connect(caller: UpstreamCaller | null): Promise<Engine>;
}

/** Starts a worker thread for an engine on the environment in `directory`, which it does not touch yet. */
export function spawnEngineWorker(options: WorkerOptions): SpawnedEngine {
  const engine = new EngineWorker(options);
  return {
    async connect(caller) {
      try {
        await engine.connect(caller);
        return engine;
      } catch (error) {
        // Why it could not be started says more than that it cannot be closed either.
        await Promise.allSettled([engine.close()]);
        throw error;
      }
    },
  };
}

/** Starts a worker thread and connects it at once. */
export function startEngineWorker(options: WorkerOptions, caller: UpstreamCaller | null = null): Promise<Engine> {
  return spawnEngineWorker(options).connect(caller);
}
