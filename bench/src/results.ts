import type { ChangesResult } from "./cases/changes.ts";
import type { FreshnessResult } from "./cases/freshness.ts";
import type { FrontsResult } from "./cases/fronts.ts";
import type { HitsResult } from "./cases/hits.ts";
import type { IdleResult } from "./cases/idle.ts";
import type { MemoryResult } from "./cases/memory.ts";
import type { MixedResult } from "./cases/mixed.ts";
import type { OperatorsResult } from "./cases/operators.ts";
import type { PartialResult } from "./cases/partial.ts";
import type { QueriesResult } from "./cases/queries.ts";
import type { RestartResult } from "./cases/restart.ts";
import type { RivalsResult } from "./cases/rivals.ts";
import type { ScaleResult } from "./cases/scale.ts";
import type { SnapshotResult } from "./cases/snapshot.ts";

export interface CaseResults {
  readonly snapshot?: SnapshotResult;
  readonly hits?: HitsResult;
  readonly fronts?: FrontsResult;
  readonly queries?: QueriesResult;
  readonly partial?: PartialResult;
  readonly changes?: ChangesResult;
  readonly freshness?: FreshnessResult;
  readonly mixed?: MixedResult;
  readonly restart?: RestartResult;
  readonly memory?: MemoryResult;
  readonly idle?: IdleResult;
  readonly operators?: OperatorsResult;
  readonly scale?: ScaleResult;
  readonly rivals?: RivalsResult;
}

/** One run, as its result file holds it. */
export interface Results {
  readonly startedAt: string;
  /** Of the sources, or "unknown". */
  readonly commit: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
    readonly postgresql: string;
  };
  readonly scale: number;
  readonly seconds: number;
  readonly quick: boolean;
  readonly upstreamSettings: Readonly<Record<string, string>>;
  /** Of each case the run and the commit that measured it. */
  readonly caseRuns: Readonly<Record<string, string>>;
  readonly cases: CaseResults;
}
