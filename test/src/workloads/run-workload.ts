import { now } from "@freshet/base";
import type { Connection } from "@freshet/postgres";
import { lastStatement } from "../oracle/ask.ts";
import { multisetDifference, rowNamer } from "../oracle/compare.ts";
import { OracleSession } from "../oracle/oracle-session.ts";
import { type RawClient, type Reply, succeeded, textRows } from "../harness/raw-client.ts";
import type { Workload, WorkloadQuery } from "./workload.ts";

export interface QueryOutcome {
  readonly query: WorkloadQuery;
  /** How it is maintained; "refused" with the reason where it is not. */
  readonly mode: string;
  readonly reason: string | null;
  readonly rows: number;
  /** Comparisons with PostgreSQL, and how many of them a cache answered. */
  readonly compared: number;
  readonly hits: number;
  /** The first answer that was not PostgreSQL's; undefined when there was none. */
  readonly wrong: string | undefined;
  /** Medians in microseconds: a hit, and PostgreSQL's own answer. */
  readonly hitUs: number | undefined;
  readonly directUs: number;
  /** Engine time for one changed row while this was the only cache, microseconds. */
  readonly changeUs: number | undefined;
}

export interface WorkloadRun {
  readonly scale: number;
  /** Transactions that are compared one by one for all caches together. */
  readonly transactions: number;
  /** Transactions for the cost of a change with one cache alone; 0 leaves the costs out. */
  readonly costTransactions: number;
  /** Only queries whose name begins so. */
  readonly only?: string;
  readonly log: (line: string) => void;
}

/** Caches every query, follows the stream of changes, and compares every answer at the position of each transaction. */
export async function runWorkload(server: Connection, workload: Workload, run: WorkloadRun): Promise<QueryOutcome[]> {
  const session = await OracleSession.start(server, [...workload.schema, ...workload.data(run.scale)]);
  try {
    await session.writer.query("ANALYZE");
    const runner = new Runner(session, workload, run);
    return await runner.run();
  } finally {
    await session.stop();
  }
}

interface Followed {
  readonly query: WorkloadQuery;
  readonly mode: string;
  readonly reason: string | null;
  compared: number;
  hits: number;
  rows: number;
  wrong: string | undefined;
  changeUs: number | undefined;
}

class Runner {
  readonly #session: OracleSession;
  readonly #workload: Workload;
  readonly #run: WorkloadRun;
  #transaction = 0;

  constructor(session: OracleSession, workload: Workload, run: WorkloadRun) {
    this.#session = session;
    this.#workload = workload;
    this.#run = run;
  }

  async run(): Promise<QueryOutcome[]> {
    const queries = this.#workload.queries.filter(({ name }) => name.startsWith(this.#run.only ?? ""));
    const costs = new Map<string, number>();
    if (this.#run.costTransactions > 0) for (const query of queries) await this.#measureChange(query, costs);
    const followed: Followed[] = [];
    for (const [index, query] of queries.entries())
      followed.push({ ...(await this.#create(query, `w${index}`)), changeUs: costs.get(query.name) });
    await this.#compareAll(followed);
    for (let step = 0; step < this.#run.transactions; step += 1) {
      await this.#change();
      await this.#compareAll(followed);
    }
    await this.#session.restart("kill");
    await this.#compareAll(followed);
    const outcomes: QueryOutcome[] = [];
    for (const item of followed) outcomes.push(await this.#outcome(item));
    return outcomes;
  }

  async #create(query: WorkloadQuery, name: string): Promise<Followed> {
    const base = { query, compared: 0, hits: 0, rows: 0, wrong: undefined, changeUs: undefined };
    const began = now();
    const { error } = await this.#session.proxied.simple(`CREATE CACHE ${name} FROM ${query.text}`);
    if (error !== undefined) {
      this.#run.log(`${query.name}: ${error.code} ${error.message}`);
      return { ...base, mode: "refused", reason: error.message };
    }
    const [row = []] = textRows(await this.#session.proxied.simple("SHOW CACHES")).filter(([found]) => found === name);
    this.#run.log(`${query.name}: ${row[3]}, made in ${((now() - began) / 1000).toFixed(1)} s`);
    return { ...base, mode: row[3] ?? "", reason: null };
  }

  async #change(): Promise<void> {
    const statements = this.#workload.transaction(this.#transaction++, this.#run.scale);
    await this.#session.writer.query(["BEGIN", ...statements, "COMMIT"].join(";\n"));
    await this.#session.barrier();
  }

  async #compareAll(followed: readonly Followed[]): Promise<void> {
    for (const item of followed) {
      if (item.wrong !== undefined) continue;
      // A cache in mode invalidate is filled by the first of two.
      for (let time = 0; time < (item.mode === "invalidate" ? 2 : 1); time += 1) await this.#compare(item);
    }
  }

  async #compare(item: Followed): Promise<void> {
    const { text, order } = item.query;
    const expected = succeeded(await this.#session.direct.simple(text));
    const actual = await this.#session.proxied.simple(text);
    const last = await lastStatement(this.#session.proxied);
    item.compared += 1;
    if (last.destination === "cache") item.hits += 1;
    else if (item.mode === "incremental") item.wrong = `miss: ${last.reason}`;
    item.rows = expected.rows.length;
    item.wrong ??= wrongAnswer(expected, actual, order);
    if (item.wrong !== undefined)
      this.#run.log(`${item.query.name} WRONG after transaction ${this.#transaction}: ${item.wrong}`);
  }

  /** The engine's time for one changed row with this cache alone. */
  async #measureChange(query: WorkloadQuery, costs: Map<string, number>): Promise<void> {
    const { proxied } = this.#session;
    const { error } = await proxied.simple(`CREATE CACHE alone FROM ${query.text}`);
    if (error !== undefined) return;
    const before = await engineCounters(proxied);
    for (let step = 0; step < this.#run.costTransactions; step += 1) {
      const statements = this.#workload.transaction(this.#transaction++, this.#run.scale);
      await this.#session.writer.query(["BEGIN", ...statements, "COMMIT"].join(";\n"));
    }
    await this.#session.barrier();
    const after = await engineCounters(proxied);
    const changes = after.changes - before.changes;
    if (changes > 0) costs.set(query.name, ((after.seconds - before.seconds) * 1e6) / changes);
    await proxied.simple("DROP CACHE alone");
  }

  async #outcome(item: Followed): Promise<QueryOutcome> {
    const { query, mode, reason, rows, compared, hits, wrong, changeUs } = item;
    const isHit = hits > 0 && wrong === undefined;
    return {
      ...{ query, mode, reason, rows, compared, hits, wrong, changeUs },
      hitUs: isHit ? await medianUs(this.#session.proxied, query.text, 200) : undefined,
      directUs: await medianUs(this.#session.direct, query.text, 15),
    };
  }
}

function wrongAnswer(expected: Reply, actual: Reply, order: readonly number[]): string | undefined {
  if (actual.error !== undefined) return `${actual.error.code} ${actual.error.message}`;
  const name = rowNamer(expected, false);
  const wrong = multisetDifference(expected.rows.map(name), actual.rows.map(name));
  if (wrong !== undefined || order.length === 0) return wrong;
  const keys = (reply: Reply): string =>
    JSON.stringify(reply.rows.map((row) => order.map((column) => row[column]?.toString("latin1") ?? null)));
  return keys(expected) === keys(actual) ? undefined : "the rows are in another order";
}

async function engineCounters(proxied: RawClient): Promise<{ readonly changes: number; readonly seconds: number }> {
  const status = new Map(textRows(await proxied.simple("SHOW FRESHET STATUS")).map(([name, value]) => [name, value]));
  return { changes: Number(status.get("changes_applied")), seconds: Number(status.get("apply_seconds")) };
}

async function medianUs(client: RawClient, text: string, times: number): Promise<number> {
  const samples: number[] = [];
  const limit = now() + 3_000;
  for (let round = 0; round < times && (round < 3 || now() < limit); round += 1) {
    const began = now();
    await client.simple(text);
    samples.push(now() - began);
  }
  return (samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? 0) * 1000;
}
