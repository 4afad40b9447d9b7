import { assert, errorMessage, FreshetError, now } from "@freshet/base";
import type { Engine, MakeUpstreamCalls } from "@freshet/contract";
import { openStore, prepareStoreDirectory } from "@freshet/store";
import { Piscina } from "piscina";
import { createEngine } from "../create-engine.ts";
import { blockingCalls } from "./blocking-calls.ts";
import type { ConnectRequest, EngineRequest, EngineResponse, PortableError, WorkerOptions } from "./protocol.ts";

/** Rows and keys are small and many: larger slabs mean fewer of them for the garbage collector. */
Buffer.poolSize = 1 << 20;

/**
 * The layout of everything in the store: rows, keys of values, records, operators' state. To be raised with every change
 * of one of them; state of another format is built anew from the upstream.
 */
const STORE_FORMAT = "4";

let engine: Engine | null = null;
let upstreamCalls: MakeUpstreamCalls | undefined;

function openEngine(): Engine {
  const { directory } = Piscina.workerData as WorkerOptions;
  prepareStoreDirectory(directory, STORE_FORMAT);
  return createEngine(openStore(directory), {
    now: () => now() / 1000,
    ...(upstreamCalls === undefined ? {} : { upstreamCalls }),
  });
}

/** Buffers arrive as plain byte arrays; gives them their methods back, in place. */
function reviveBuffers(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(reviveBuffers);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, reviveBuffers(part)]));
}

const METHODS_WITH_BUFFERS: ReadonlySet<string> = new Set(["apply", "stage", "loadRows", "fillKeys"]);

function portable(error: unknown): PortableError {
  const stack = error instanceof Error ? error.stack : undefined;
  if (!(error instanceof FreshetError)) {
    return { code: null, message: errorMessage(error), detail: undefined, hint: undefined, stack };
  }
  return { code: error.code, message: error.message, detail: error.detail, hint: error.hint, stack };
}

/**
 * Carries out one request. The engine works within the call, so requests are carried out in the order
 * sent, whatever of their answers is still awaited (a flush).
 */
export default async function handle(request: EngineRequest | ConnectRequest): Promise<EngineResponse> {
  try {
    if (request.method === "connect") {
      upstreamCalls = blockingCalls(request.port, request.signal);
      return { ok: true, value: null };
    }
    const { method } = request;
    if (method === "close" && engine === null) return { ok: true, value: null };
    engine ??= openEngine();
    assert(typeof engine[method] === "function", () => `the engine has no method ${method}`);
    const args = METHODS_WITH_BUFFERS.has(method) ? request.args.map(reviveBuffers) : request.args;
    const value: unknown = await Reflect.apply(engine[method], engine, args);
    return { ok: true, value };
  } catch (error) {
    return { ok: false, error: portable(error) };
  }
}
