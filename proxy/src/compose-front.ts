import { type FreshetOptions, now } from "@freshet/base";
import type { Shared } from "./compose-shared.ts";
import { type FrontParts, ViewFront } from "./front/cache-front.ts";
import type { RunStatements } from "./front/run-statements.ts";
import { ZoneTables } from "./front/zone-tables.ts";
import { KeptFront } from "./kept/kept-front.ts";

/** What is read and rendered at once, as it takes a few milliseconds. */
const LARGE_BYTES = 256 << 10;

/** What answers statements from caches. */
export interface Serving {
  readonly front: ViewFront;
  /** The assembled answers that it sends again. */
  readonly kept: KeptFront;
}

type Given = Omit<
  FrontParts,
  "limits" | "database" | "compiled" | "privileges" | "queries" | "kept" | "zones" | "clock"
> & {
  /** Reads the offsets of time zones. */
  readonly run: RunStatements;
};

/** The caching side of all sessions. */
export function createServing(options: FreshetOptions, shared: Shared, { run, ...parts }: Given): Serving {
  const { compiled, privileges, queries } = shared;
  const { maxResultBytes, readScanRows, sessionReadTimeoutMs, strongReadTimeoutMs } = options;
  const database = (): string => shared.database;
  const common = { ...parts, privileges, zones: new ZoneTables(run, now), database, clock: now };
  const kept = new KeptFront({
    ...common,
    maxBytes: options.keptAnswerBytes,
    maxLargeBytes: options.keptLargeAnswerBytes,
  });
  compiled.onForgotten((id) => kept.large.drop(id, null));
  const limits = { maxResultBytes, largeBytes: LARGE_BYTES, readScanRows, sessionReadTimeoutMs, strongReadTimeoutMs };
  return { kept, front: new ViewFront({ ...common, kept, compiled, queries, limits }) };
}
