import { Counter as PromCounter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { CacheStatus } from "@freshet/contract";
import type { CacheCatalog } from "../caches/cache-catalog.ts";
import { type AnswerSources, answerMetrics } from "./answer-metrics.ts";
import type { KeptBytes } from "../kept/kept-front.ts";
import { type PartialKeys, partialMetrics } from "./partial-metrics.ts";
import { CountedHistogram } from "./counted-histogram.ts";
import { type CallSources, callMetrics } from "./call-metrics.ts";
import type { MissReason } from "../session/front-ports.ts";
import type { ProxyMetrics } from "../session/metrics.ts";

/** What the gauges of each process read when they are scraped. */
export interface ProcessSources {
  readonly kept: () => KeptBytes;
  /** Of all clients' streams. */
  readonly relayBytes: () => number;
}

/** What those of the process that has the caches read besides. */
export interface MetricSources {
  readonly catalog: CacheCatalog;
  /** The caches that the engine has; none while it is not ours. */
  readonly stored: () => Promise<readonly CacheStatus[]>;
  readonly partialKeys: () => Promise<PartialKeys>;
  readonly invalidate: AnswerSources;
  readonly calls: CallSources;
  readonly lag: () => { readonly milliseconds: number | null; readonly bytes: number };
  readonly appliedLsn: () => bigint;
  readonly queueBytes: () => number;
  readonly slotRetainedBytes: () => number | null;
  readonly writeBackLags: () => readonly { readonly cache: string; readonly bytes: number }[];
}

const APPLY_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const HIT_BUCKETS = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1];

/** All metrics of one process, in a registry of its own. */
export class Metrics implements ProxyMetrics {
  readonly registry: Registry = new Registry();
  /** Counted here, for every statement, and handed over when they are asked for. */
  readonly #hits = new Map<string, number>();
  readonly #misses = new Map<MissReason, number>();
  readonly #apply: Histogram;
  readonly #hitSeconds: CountedHistogram;
  #clients = 0;

  /** `sources`: null where the caches are another process's for good. */
  constructor(own: ProcessSources, sources: (() => MetricSources) | null) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    statementCounters(this.#hits, this.#misses, registers);
    this.#hitSeconds = new CountedHistogram({
      name: "freshet_hit_seconds",
      help: "Time to answer a statement from a cache.",
      buckets: HIT_BUCKETS,
      registers,
    });
    const { kept, relayBytes } = own;
    plain(
      "freshet_kept_answer_bytes",
      "Memory of assembled answers that are sent again.",
      registers,
      () => kept().bytes,
    );
    plain("freshet_kept_large_answer_bytes", "The same of large answers.", registers, () => kept().largeBytes);
    plain("freshet_clients", "Connected clients.", registers, () => this.#clients);
    labelled("freshet_queue_bytes", "Bytes waiting in a bounded queue.", "queue", registers, () => {
      const clients: [string, number] = ["clients", relayBytes()];
      return sources === null ? [clients] : [["engine", sources().queueBytes()], clients];
    });
    this.#apply = new Histogram({
      name: "freshet_apply_seconds",
      help: "From commit upstream to visible in the views.",
      buckets: APPLY_BUCKETS,
      registers: sources === null ? [] : registers,
    });
    if (sources === null) return;
    gauges(sources, registers);
    partialMetrics(() => sources().partialKeys(), registers);
    answerMetrics(() => sources().invalidate, registers);
    callMetrics(() => sources().calls, registers);
  }

  /** Connected clients. */
  get clients(): number {
    return this.#clients;
  }

  connectionOpened(): void {
    this.#clients++;
  }

  connectionClosed(): void {
    this.#clients--;
  }

  hit(cache: string): void {
    this.#hits.set(cache, (this.#hits.get(cache) ?? 0) + 1);
  }

  /** Time that looking up and rendering one answer took. */
  answered(seconds: number): void {
    this.#hitSeconds.count(seconds);
  }

  miss(reason: MissReason): void {
    this.#misses.set(reason, (this.#misses.get(reason) ?? 0) + 1);
  }

  applied(seconds: number): void {
    this.#apply.observe(seconds);
  }
}

function statementCounters(
  hits: ReadonlyMap<string, number>,
  misses: ReadonlyMap<MissReason, number>,
  registers: Registry[],
): void {
  new PromCounter({
    name: "freshet_statements_total",
    help: "Statements by destination (cache, upstream) and, for upstream, the reason.",
    labelNames: ["destination", "reason"],
    registers,
    collect() {
      this.reset();
      const all = [...hits.values()].reduce((sum, count) => sum + count, 0);
      if (all > 0) this.inc({ destination: "cache", reason: "hit" }, all);
      for (const [reason, count] of misses) this.inc({ destination: "upstream", reason }, count);
    },
  });
  new PromCounter({
    name: "freshet_hits_total",
    help: "Statements answered from a cache.",
    labelNames: ["cache"],
    registers,
    collect() {
      this.reset();
      for (const [cache, count] of hits) this.inc({ cache }, count);
    },
  });
  new PromCounter({
    name: "freshet_misses_total",
    help: "Statements that went upstream, by reason.",
    labelNames: ["reason"],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of misses) this.inc({ reason }, count);
    },
  });
}

function plain(name: string, help: string, registers: Registry[], value: () => number | null): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      const now = value();
      if (now === null) this.reset();
      else this.set(now);
    },
  });
}

function gauges(sources: () => MetricSources, registers: Registry[]): void {
  const one = (name: string, help: string, value: () => number | null): void => plain(name, help, registers, value);
  one("freshet_replication_lag_bytes", "WAL received but not yet visible in the views.", () => sources().lag().bytes);
  one(
    "freshet_replication_lag_seconds",
    "Delay of the views behind the upstream; absent while the stream is down.",
    () => {
      const { milliseconds } = sources().lag();
      return milliseconds === null ? null : milliseconds / 1000;
    },
  );
  one("freshet_applied_lsn_bytes", "LSN that the views have reached.", () => Number(sources().appliedLsn()));
  one("freshet_slot_retained_bytes", "WAL that the upstream keeps for the replication slot.", () =>
    sources().slotRetainedBytes(),
  );
  labelled(
    "freshet_write_back_lag_bytes",
    "WAL applied to the view but not yet to its table.",
    "cache",
    registers,
    () =>
      sources()
        .writeBackLags()
        .map(({ cache, bytes }): [string, number] => [cache, bytes]),
  );
  cacheGauges(sources, registers);
}

/** By cache: the size of what it holds, and whether it answers. */
function cacheGauges(sources: () => MetricSources, registers: Registry[]): void {
  const statuses = async (): Promise<readonly { name: string; rows: number; bytes: number; ready: boolean }[]> => {
    const { catalog, stored: read, invalidate } = sources();
    const stored = new Map((await read()).map((status) => [status.definition.id, status]));
    return catalog.all().flatMap((cache) => {
      const size = cache.invalidation === null ? stored.get(cache.id) : invalidate.answers.usage(cache.id);
      return size === undefined
        ? []
        : [{ name: cache.name, rows: size.rows, bytes: size.bytes, ready: cache.phase === "ready" }];
    });
  };
  labelled("freshet_cache_rows", "Rows of a cache's view.", "cache", registers, async () =>
    (await statuses()).map(({ name, rows }) => [name, rows]),
  );
  labelled("freshet_cache_bytes", "Bytes of a cache's view.", "cache", registers, async () =>
    (await statuses()).map(({ name, bytes }) => [name, bytes]),
  );
  labelled("freshet_cache_ready", "1 when the cache answers.", "cache", registers, async () =>
    (await statuses()).map(({ name, ready }) => [name, ready ? 1 : 0]),
  );
}

function labelled(
  name: string,
  help: string,
  label: string,
  registers: Registry[],
  values: () => readonly [string, number][] | Promise<readonly [string, number][]>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers,
    async collect() {
      this.reset();
      for (const [key, value] of await values()) this.set({ [label]: key }, value);
    },
  });
}
