import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FreshetError, SqlState } from "@freshet/base";
import type { KeyOutcome } from "@freshet/contract";
import type { Command } from "@freshet/sql";
import type { Lsn } from "@freshet/values";
import type { MetricObjectWithValues, MetricValue } from "prom-client";
import type { Cache, CachePlan } from "../caches/cache.ts";
import type { ConsolePart } from "../console/console-family.ts";
import type { SchemaNews } from "../front/away-front.ts";
import type { ProxiedQuery } from "../front/proxied-queries.ts";
import type { FoundAnswer, NotFound } from "../invalidate/invalidating-read.ts";
import type { BoundParameters, CommandResult, LastStatement, SessionFacts } from "../session/front-ports.ts";

/**
 * What the processes of one instance say to each other: the one that has the caches (the core), and those that only serve clients (fronts). A front
 * reads views from the store by itself; this is all that it does not find there.
 */

/** Who a front is: it works with the core only when they are of one build and were started together. */
export interface Introduction {
  readonly build: string;
  readonly generation: number;
}

/** Told apart by the program's own file, as it was when the process started. */
export const BUILD: string = buildOf(fileURLToPath(import.meta.url));

function buildOf(file: string): string {
  const { mtimeMs, size } = statSync(file);
  return `${mtimeMs} ${size}`;
}

/** What of the core's health decides whether views may be read. */
export interface CoreState {
  /** Rises when what sessions have read of the schema may no longer hold. */
  readonly epoch: number;
  /** Rises when what is remembered of roles' privileges may no longer hold. */
  readonly privileges: number;
  readonly suspended: boolean;
  /** See ReplicationHealth.problem. */
  readonly problem: string | null;
  /** A schema statement came back whose transaction may not have ended: the ends of transactions are to be told. */
  readonly uncommitted: boolean;
}

/** What a front needs of one cache. Only the core changes it. */
export interface CacheRecord extends Pick<Cache, "id" | "request" | "phase" | "reason" | "trustedTo" | "doubtful"> {
  /** Undefined: as it was. */
  readonly plan: CachePlan | null | undefined;
}

/** What has changed since the last one. */
export interface Update {
  readonly state: CoreState;
  readonly changed: readonly CacheRecord[];
  /** Names of caches that are gone; one of the same name may be among the changed. */
  readonly gone: readonly string[];
}

/** Counted by a front since it last told; `clients` are those that it has. */
export interface FrontStatistics {
  readonly clients: number;
  readonly caches: readonly { readonly id: number; readonly hits: number; readonly misses: number }[];
  readonly queries: readonly ProxiedQuery[];
}

export interface AnswerQuestion {
  readonly cacheId: number;
  readonly text: string;
  readonly facts: SessionFacts;
  readonly parameters: BoundParameters | null;
  readonly formats: readonly number[];
  readonly needed: Lsn;
}

export interface ConsoleQuestion {
  readonly text: string;
}

export type ProcessMetrics = MetricObjectWithValues<MetricValue<string>>[];

interface Exchange<Question, Answer> {
  readonly question: Question;
  readonly answer: Answer;
}

/** What a front asks the core. */
export type FrontQuestions = {
  /** The first of each connection; an update with all that there is comes before the answer. */
  readonly introduce: Exchange<Introduction, null>;
  /** Answered when the core has heeded it, behind an update. */
  readonly news: Exchange<SchemaNews, null>;
  readonly command: Exchange<
    { readonly command: Command; readonly facts: SessionFacts; readonly last: LastStatement | null },
    CommandResult
  >;
  readonly fill: Exchange<
    { readonly cacheId: number; readonly keys: readonly (readonly Buffer[])[]; readonly used: readonly Buffer[] },
    readonly KeyOutcome[]
  >;
  readonly answer: Exchange<AnswerQuestion, FoundAnswer | NotFound>;
  readonly statistics: Exchange<FrontStatistics, null>;
  /** To be done, or looked at, in all other processes. */
  readonly console: Exchange<ConsoleQuestion, readonly ConsolePart[]>;
};

/** What the core asks a front. */
export type CoreQuestions = {
  /** Answered when it is heeded. */
  readonly update: Exchange<Update, null>;
  readonly statistics: Exchange<null, FrontStatistics>;
  readonly metrics: Exchange<null, ProcessMetrics>;
  readonly console: Exchange<ConsoleQuestion, ConsolePart>;
};

/** How often the core looks for changes to tell, and the longest time without an update. */
export const UPDATE_INTERVAL_MS = 20;
export const HEARTBEAT_MS = 250;
/** A core that has told nothing for so long is not to be trusted: see MirroredHealth. */
export const SILENCE_MS = 2000;
/** How often a front tells what it has counted. */
export const STATISTICS_INTERVAL_MS = 1000;

/** The longest path that a Unix socket's address holds on Linux, without its end. */
const MAX_SOCKET_PATH = 107;

/** Where the core listens for fronts. Throws a FreshetError where such a socket cannot be. */
export function coreSocketPath(data: string): string {
  const path = join(data, "fronts.sock");
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  throw new FreshetError(SqlState.configFileError, "the path of the data folder is too long for several fronts", {
    detail: `A Unix socket's path has at most ${MAX_SOCKET_PATH} bytes, "${path}" is longer.`,
    hint: "Choose another data folder, or one front.",
  });
}
