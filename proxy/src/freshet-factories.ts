import type { FreshetOptions, Logger } from "@freshet/base";
import type { ChangeSource, Engine, UpstreamCaller } from "@freshet/contract";
import type { UpstreamCallPlanning } from "@freshet/sql";
import type { CompileRead } from "./front/compile-read.ts";
import type { DriverConnection } from "./upstream/upstream.ts";

/** Replicator and engine, as the composition root makes them. */
export interface FreshetFactories {
  /** Not opened yet. */
  engine(directory: string, caller: UpstreamCaller): Promise<Engine>;
  source(options: FreshetOptions, upstream: DriverConnection, logger: Logger): ChangeSource;
  /** Whether the engine computes a call itself. */
  readonly isNative: UpstreamCallPlanning["isNative"];
  readonly compileRead: CompileRead;
}

export interface RunningFreshet {
  readonly listen: { readonly host: string; readonly port: number };
  readonly admin: { readonly host: string; readonly port: number };
  /** Reads again what may change while clients are there: certificates, users, pools. */
  reload(): void;
  stop(): Promise<void>;
}
