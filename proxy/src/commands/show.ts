import { errorMessage, must, processId, isTransient } from "@freshet/base";
import { formatLsn } from "@freshet/values";
import type { Cache } from "../caches/cache.ts";
import type { CommandContext, CommandResult, SessionFacts } from "../session/front-ports.ts";
import type { CommandParts } from "./command-parts.ts";

/** The process that serves the client who asks. */
export const PROCESS_ROW = "process";

/** Verdicts that one SHOW PROXIED QUERIES asks the upstream for; the rest come with the next one. */
const MAX_VERDICTS = 50;

export async function showCaches(parts: CommandParts): Promise<CommandResult> {
  const state = await parts.engine.status();
  const stored = new Map(state.caches.map((status) => [status.definition.id, status]));
  const { milliseconds } = parts.lag();
  const applied = formatLsn(parts.health.applied);
  const rows = parts.catalog.all().map((cache) => {
    const status = stored.get(cache.id);
    const writeBack = parts.writeBacks.of(cache);
    const size = cache.invalidation === null ? status : parts.answers.usage(cache.id);
    return [
      cache.name,
      cache.request.queryId,
      cache.request.text,
      cache.mode,
      cache.phase === "waiting" ? "building" : cache.phase,
      reasonOf(cache, status?.errors ?? 0, writeBack?.failure ?? null),
      size === undefined ? null : String(size.rows),
      size === undefined ? null : String(size.bytes),
      String(cache.hits),
      String(cache.misses),
      applied,
      milliseconds === null ? null : String(milliseconds),
      cache.request.writeTo,
      writeBack === null ? null : formatLsn(writeBack.written),
      cache.request.maxBytes === null ? null : String(cache.request.maxBytes),
    ];
  });
  return { tag: `SELECT ${rows.length}`, rows };
}

function reasonOf(cache: Cache, errors: number, writeBackFailure: string | null): string | null {
  if (cache.reason !== null) return cache.reason;
  if (cache.phase === "building") return `${cache.progress} %`;
  if (errors > 0) return `${errors} rows fail in the query's expressions: reads go upstream`;
  if (cache.invalidation !== null) return `not incremental: ${cache.invalidation.reason}`;
  return writeBackFailure === null ? null : `writing back fails: ${writeBackFailure}`;
}

export async function showProxiedQueries(parts: CommandParts, context: CommandContext): Promise<CommandResult> {
  let verdicts = 0;
  const rows: (string | null)[][] = [];
  for (const query of parts.queries.all()) {
    if (query.cacheable === null && verdicts < MAX_VERDICTS && context.facts.database === parts.database()) {
      verdicts++;
      query.cacheable = await verdict(parts, query.example, context.facts);
    }
    rows.push([
      query.queryId,
      query.normalized,
      String(query.count),
      query.totalMs.toFixed(3),
      (query.totalMs / query.count).toFixed(3),
      query.cacheable ?? "not examined yet",
    ]);
  }
  return { tag: `SELECT ${rows.length}`, rows };
}

async function verdict(
  parts: CommandParts,
  text: string,
  { schemas: searchPath, role: owner }: SessionFacts,
): Promise<string> {
  try {
    const { mode } = await parts.builder.planCache({
      text,
      searchPath,
      owner,
      writeTo: null,
      mode: "auto",
      maxBytes: null,
    });
    return mode === "incremental" ? "yes" : "yes, in mode invalidate";
  } catch (thrown) {
    if (isTransient(thrown)) throw thrown;
    return `no: ${errorMessage(thrown)}`;
  }
}

export async function showStatus(parts: CommandParts): Promise<CommandResult> {
  const { source, health, catalog } = parts;
  const status = source.status();
  const stats = await parts.engine.stats();
  const lag = parts.lag();
  const phases = catalog.all().map(({ phase }) => phase);
  const rows: (readonly [string, string | null])[] = [
    ["version", VERSION],
    ["instance", parts.instance],
    ["database", parts.database()],
    ["replication", health.problem() === null ? "streaming" : must(health.problem())],
    ["replication_last_error", status.lastError],
    ["applied_lsn", formatLsn(health.applied)],
    ["received_lsn", formatLsn(status.receivedLsn)],
    ["acknowledged_lsn", formatLsn(status.acknowledgedLsn)],
    ["lag_bytes", String(lag.bytes)],
    ["lag_ms", lag.milliseconds === null ? null : String(lag.milliseconds)],
    ["queued_bytes", String(parts.pump.queuedBytes)],
    ["caches", String(phases.length)],
    ["answers", String(parts.answers.size)],
    ["answer_bytes", String(parts.answers.bytes)],
    ["caches_ready", String(phases.filter((phase) => phase === "ready").length)],
    ["tables", String(parts.builder.tables.size)],
    ["clients", String(parts.clients())],
    ["fronts", String(parts.fronts())],
    [PROCESS_ROW, String(processId())],
    ["store_bytes", String(stats.storeBytes)],
    ["store_used_bytes", String(stats.storeUsedBytes)],
    ["commits_applied", String(stats.commitsApplied)],
    ["changes_applied", String(stats.changesApplied)],
    ["apply_seconds", stats.applySecondsTotal.toFixed(6)],
    ["keys_filled", String(stats.keysFilled)],
    ["keys_evicted", String(stats.keysEvicted)],
  ];
  return { tag: `SELECT ${rows.length}`, rows };
}

/** Kept equal to package.json by a test. */
export const VERSION = "0.1.0";
