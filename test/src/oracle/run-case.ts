import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage, FreshetError } from "@freshet/base";
import type { Connection } from "@freshet/postgres";
import { parseLsn } from "@freshet/values";
import type { Lsn } from "@freshet/values";
import { ask, askRanked, BinaryValues, lastStatement } from "./ask.ts";
import type { ValueBytes } from "./ask.ts";
import { difference, multisetDifference, rowNamer } from "./compare.ts";
import type { OracleCache, OracleCase, OracleStep } from "./oracle-case.ts";
import { OracleFailure } from "./oracle-failure.ts";
import { OracleSession } from "./oracle-session.ts";
import { boundText, literalText } from "./query-text.ts";
import { runTransaction } from "./run-transaction.ts";
import { count, OracleStatistics } from "./statistics.ts";
import { succeeded, textRows } from "../harness/raw-client.ts";

/** Of PostgreSQL 18, whose functions and syntax the grammar uses. */
const NEWEST_VERSION = 180000;

/** Misses that say nothing against Freshet: rows that fail, values and literals that it may leave to PostgreSQL. */
const fairMisses: ReadonlySet<string> = new Set([
  "cache_error_in_scope",
  "parameter_value",
  "parameter_type",
  "result_too_large",
  "no_cache",
  "fill_failed",
]);

/** Misses that end by themselves: what was asked is compared, and asked again. */
const passingMisses: readonly string[] = ["schema_change_pending", "not_filled", "read_your_writes"];

export interface CaseResult {
  readonly statistics: OracleStatistics;
  readonly failure: OracleFailure | undefined;
  /** Steps done, with the one that failed. */
  readonly done: number;
}

/** Runs a case from an empty database on to its end or its first failure. */
export async function runCase(server: Connection, oracleCase: OracleCase): Promise<CaseResult> {
  const session = await OracleSession.start(server, oracleCase.schema, oracleCase.fronts);
  const run = new CaseRun(session, oracleCase);
  let failure: OracleFailure | undefined;
  try {
    await run.createCaches();
    for (const step of oracleCase.steps) await run.step(step);
  } catch (error) {
    failure = withOutput(error, session);
  }
  try {
    await session.stop();
  } catch (error) {
    failure ??= new OracleFailure("crash", errorMessage(error));
  }
  return { statistics: run.statistics, failure, done: run.done };
}

function withOutput(error: unknown, session: OracleSession): OracleFailure {
  const output = session.freshet.output.split("\n").slice(-30).join("\n");
  if (error instanceof OracleFailure) {
    return error.kind === "barrier" ? new OracleFailure(error.kind, `${error.message}\n${output}`, error.cache) : error;
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new OracleFailure("crash", `${trace}\n${output}`);
}

class CaseRun {
  readonly statistics = new OracleStatistics();
  done = 0;
  readonly #session: OracleSession;
  readonly #case: OracleCase;
  readonly #binary: BinaryValues;
  readonly #caches = new Map<string, OracleCache>();
  #position: Lsn = 0n;

  constructor(session: OracleSession, oracleCase: OracleCase) {
    this.#session = session;
    this.#case = oracleCase;
    this.#binary = new BinaryValues();
  }

  async createCaches(): Promise<void> {
    for (const cache of this.#case.caches) await this.#create(cache);
    for (const [, , , mode] of textRows(await this.#session.proxied.simple("SHOW CACHES")))
      if (mode === "invalidate") this.statistics.invalidated += 1;
    this.#position = await this.#session.barrier();
  }

  async #create(cache: OracleCache): Promise<void> {
    const { query, literals, writeTo } = cache;
    const options = [
      ...(writeTo === null ? [] : [`write_to = '${writeTo}'`]),
      ...(cache.mode === undefined ? [] : [`mode = '${cache.mode}'`]),
      ...(cache.maxBytes === undefined ? [] : [`max_bytes = '${cache.maxBytes}'`]),
    ];
    const withOptions = options.length === 0 ? "" : ` WITH (${options.join(", ")})`;
    const anyValues = query.parameters.map(({ values }) => [values[0] ?? null]);
    const text = literals === null ? boundText(query, anyValues).text : literalText(query, literals);
    const { error } = await this.#session.proxied.simple(`CREATE CACHE ${cache.name}${withOptions} FROM ${text}`);
    if (error === undefined) {
      this.statistics.accept(query.features ?? []);
      this.#caches.set(cache.name, cache);
    } else if (error.code === "0A000" || error.code === "42710" || (await this.#isTooNew(error.code))) {
      this.statistics.refuse(error.message, query.features ?? []);
    } else {
      throw new OracleFailure("create", `CREATE CACHE failed with ${error.code} ${error.message}\n${text}`, cache.name);
    }
  }

  /** Whether the statement speaks of a function, syntax or value (infinite intervals) that this older server lacks. */
  async #isTooNew(code: string): Promise<boolean> {
    if (!["42883", "42601", "22007"].includes(code)) return false;
    const [[version] = []] = textRows(await this.#session.direct.simple("SHOW server_version_num"));
    return Number(version) < NEWEST_VERSION;
  }

  async step(step: OracleStep): Promise<void> {
    this.done += 1;
    switch (step.kind) {
      case "transaction":
        await runTransaction(this.#session.writer, step.statements);
        this.#position = await this.#session.barrier();
        this.statistics.transactions += 1;
        return;
      case "restart":
      case "kill":
        await this.#session.restart(step.kind);
        this.#position = await this.#session.barrier();
        this.statistics.restarts += 1;
        return;
      case "check": {
        const cache = this.#caches.get(step.cache);
        if (cache !== undefined) await this.#checkKnown(cache, step);
        return;
      }
      case "check write-back": {
        const cache = this.#caches.get(step.cache);
        if (cache !== undefined) await this.#checkWriteBack(cache);
        return;
      }
    }
  }

  /** Leaves out what has values that this older server does not know. */
  async #checkKnown(cache: OracleCache, step: Extract<OracleStep, { kind: "check" }>): Promise<void> {
    try {
      await this.#check(cache, step);
    } catch (thrown) {
      if (!(thrown instanceof FreshetError) || !(await this.#isTooNew(thrown.code))) throw thrown;
    }
  }

  async #check(
    cache: OracleCache,
    step: Extract<OracleStep, { kind: "check" }>,
    tries = cache.maxBytes === "8kB" ? 5 : 100,
  ): Promise<void> {
    const { direct, proxied } = this.#session;
    const { query } = cache;
    const { mode, values } = step;
    const bytes: ValueBytes = (type, value) => this.#binary.of(direct, type, value);
    let expected = await ask(direct, cache, mode, values, bytes);
    const actual = await ask(proxied, cache, mode, values, bytes);
    // A named statement may have got a plan for any values, which fails where one for these values sees that there is nothing to look at.
    if (mode.named && expected.error !== undefined && actual.error === undefined) {
      succeeded(await direct.simple("SET plan_cache_mode = force_custom_plan"));
      expected = await ask(direct, cache, mode, values, bytes);
      succeeded(await direct.simple("RESET plan_cache_mode"));
    }
    const last = await lastStatement(proxied);
    const isOrdered = query.order.length > 0 && expected.error === undefined;
    const ranked = isOrdered ? await askRanked(direct, query, values, mode.resultFormats) : undefined;
    const wrong = difference({ expected, actual, ranked, loose: query.loose });
    const where = `${cache.name}: ${literalText(query, values)}\nasked ${JSON.stringify(mode)}, answered by ${last.destination} (${last.reason})`;
    if (wrong !== undefined) throw new OracleFailure("answer", `${where}\n${wrong}`, cache.name);
    if (passingMisses.some((reason) => last.reason.startsWith(reason)) && tries > 0) {
      await sleep(20);
      await this.#check(cache, step, tries - 1);
      return;
    }
    this.statistics.checks += 1;
    if (expected.error !== undefined) {
      this.statistics.errors += 1;
      return;
    }
    if (last.destination === "cache") {
      this.statistics.hits += 1;
      const lsn = parseLsn(last.lsn ?? "") ?? 0n;
      if (lsn < this.#position) throw new OracleFailure("stale", `${where}\nthe answer is of ${last.lsn}`, cache.name);
      return;
    }
    const [reason = ""] = last.reason.split(":");
    count(this.statistics.misses, reason);
    // Keys of one statement can push each other out of a small bound.
    if (cache.maxBytes === "8kB" && reason === "not_filled") return;
    if (!fairMisses.has(reason)) throw new OracleFailure("miss", where, cache.name);
  }

  async #checkWriteBack(cache: OracleCache): Promise<void> {
    const { direct } = this.#session;
    // A row that cannot be kept (its key is too long) holds the table up, and SHOW CACHES says so.
    if (!(await this.#session.writeBackBarrier(cache.name))) {
      this.statistics.writeBackHeld += 1;
      return;
    }
    const request = { values: [], formats: [], resultFormats: [1] };
    const expected = succeeded(await direct.extended({ ...request, text: cache.query.core }));
    const actual = succeeded(await direct.extended({ ...request, text: `SELECT * FROM ${cache.writeTo}` }));
    const name = rowNamer(expected, cache.query.loose);
    const wrong = multisetDifference(expected.rows.map(name), actual.rows.map(name));
    if (wrong !== undefined)
      throw new OracleFailure("write-back", `${cache.writeTo}: ${cache.query.core}\n${wrong}`, cache.name);
    this.statistics.writeBackChecks += 1;
  }
}
