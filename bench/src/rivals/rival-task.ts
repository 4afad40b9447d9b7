import type { RivalPlans } from "./freshet-engine.ts";
import type { RivalQuery } from "./workload.ts";

export const rivalEngines = ["freshet", "db-ivm", "d2ts", "zql", "pg_ivm"] as const;
export type RivalEngineName = (typeof rivalEngines)[number];

/** What a process of its own is to do. */
export interface RivalTask {
  readonly engine: RivalEngineName;
  /** `results` hands out what the engine answers after some commits; `times` measures. */
  readonly want: "results" | "times";
  readonly rows: number;
  readonly queries: readonly RivalQuery[];
  readonly plans: RivalPlans;
  /** Of measuring one query, at most. */
  readonly seconds: number;
}

export interface RivalTimes {
  /** With the load of the tables, for the first query of an engine that keeps them. */
  readonly buildMs: number;
  readonly changes: number;
  readonly changesPerSecond: number;
  /** Also the CPU seconds of a million changes. */
  readonly cpuUsPerChange: number;
}

/** What the process says about each query, in the order of the task. */
export type RivalAnswer =
  | { readonly kind: "results"; readonly query: RivalQuery; readonly lines: readonly string[] }
  | { readonly kind: "times"; readonly query: RivalQuery; readonly times: RivalTimes }
  /** The engine lacks something, or is not installed. */
  | { readonly kind: "absent"; readonly query: RivalQuery; readonly reason: string };

export const ROWS_PER_COMMIT = 10;
/** Before results are handed out or times are taken. */
export const FIRST_COMMITS = 5;
