import type { MessagePort } from "node:worker_threads";
import type { Engine, UpstreamCallRequest } from "@freshet/contract";

/** What a worker is started with. */
export interface WorkerOptions {
  /** Directory of the environment. */
  readonly directory: string;
}

export type EngineMethod = keyof Engine;

/** A call of one of the engine's methods, as it crosses the thread boundary by structured clone. */
export interface EngineRequest<M extends EngineMethod = EngineMethod> {
  readonly method: M;
  readonly args: Parameters<Engine[M]>;
}

/** The line on which the worker asks for calls; comes before every method. */
export interface ConnectRequest {
  readonly method: "connect";
  readonly port: MessagePort;
  readonly signal: Int32Array;
}

/** What the worker asks on that line. */
export type CallsRequest = UpstreamCallRequest;

/** Encoded outcomes. */
export type CallsAnswer =
  | { readonly ok: true; readonly outcomes: readonly Uint8Array[] }
  | { readonly ok: false; readonly message: string };

/** Errors are taken apart: structured clone would keep nothing but their message. */
export type EngineResponse =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: PortableError };

export interface PortableError {
  /** SQLSTATE of a FreshetError; null for any other error. */
  readonly code: string | null;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
}
