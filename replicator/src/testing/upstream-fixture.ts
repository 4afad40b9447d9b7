import { must, now, quoteIdentifier, silentLogger, sleep } from "@freshet/base";
import type { ChangeSource, ReplicationOrigin, TableSchema } from "@freshet/contract";
import { readRows } from "@freshet/contract";
import type { PostgresOptions, PostgresServer } from "@freshet/postgres";
import { startPostgres } from "@freshet/postgres";
import type { Lsn } from "@freshet/values";
import { parseLsn } from "@freshet/values";
import { Client } from "pg";
import { copyOut } from "../copy-out.ts";
import type { ReplicatorOptions } from "../options.ts";
import { createReplicator } from "../replicator.ts";
import { uninstall } from "../uninstall.ts";
import { qualifiedName } from "../upstream.ts";
import { TableModel } from "./table-model.ts";

const WAIT_LIMIT_MS = 30_000;

/** Polls until `condition` holds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = now() + WAIT_LIMIT_MS;
  while (!(await condition())) {
    if (now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await sleep(10);
  }
}

/** A server with one session for the tests' SQL. */
export class Upstream {
  readonly server: PostgresServer;
  readonly client: Client;

  private constructor(server: PostgresServer, client: Client) {
    this.server = server;
    this.client = client;
  }

  static async start(
    settings: Readonly<Record<string, string>> = {},
    options: PostgresOptions = {},
  ): Promise<Upstream> {
    const server = await startPostgres({ ...options, settings });
    const client = new Client({ connectionString: server.url });
    await client.connect();
    return new Upstream(server, client);
  }

  async stop(): Promise<void> {
    await this.client.end();
    await this.server.stop();
  }

  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.client.query(statement);
  }

  /** The first column of the first row. */
  async value<T>(sql: string): Promise<T> {
    const answer = await this.client.query<{ v: T }>(sql);
    return must(answer.rows[0]).v;
  }

  oid(table: string): Promise<number> {
    return this.value<number>(`SELECT '${table}'::regclass::oid AS v`);
  }

  async lsn(sql = "SELECT pg_current_wal_insert_lsn()::text AS v"): Promise<Lsn> {
    return must(parseLsn(await this.value<string>(sql)));
  }

  confirmed(slot: string): Promise<Lsn> {
    return this.lsn(`SELECT confirmed_flush_lsn::text AS v FROM pg_replication_slots WHERE slot_name = '${slot}'`);
  }

  /** The table as SELECT has it now, in the model's form. */
  async contents(schema: TableSchema): Promise<string[]> {
    const columns = schema.columns.map((column) => quoteIdentifier(column.name)).join(", ");
    const rows: string[] = [];
    const sql = `COPY (SELECT ${columns} FROM ${qualifiedName(schema)}) TO STDOUT (FORMAT binary)`;
    for await (const batch of copyOut(this.client, sql, schema.columns.length, 1 << 16)) {
      for (const row of readRows(batch.batch)) rows.push(row.toString("hex"));
    }
    return rows.toSorted();
  }
}

export interface Follower {
  readonly source: ChangeSource;
  readonly model: TableModel;
  readonly origin: ReplicationOrigin;
  readonly reset: boolean;
}

export function optionsFor(url: string, instance: string): ReplicatorOptions {
  return { url, instance, setReplicaIdentity: false, logger: silentLogger(), reconnect: { minMs: 20, maxMs: 200 } };
}

/** Starts a replicator without stored state. */
export async function follow(
  upstream: Upstream,
  instance: string,
  options: Partial<ReplicatorOptions> = {},
): Promise<Follower> {
  const source = createReplicator({ ...optionsFor(upstream.server.url, instance), ...options });
  const model = new TableModel();
  const { origin, reset } = await source.start(null, [], model);
  return { source, model, origin, reset };
}

/** Waits until the model has everything that is committed now. */
export async function caughtUp(upstream: Upstream, model: TableModel): Promise<void> {
  // A transaction of its own, so that there is something to see even when nothing else is written.
  const lsn = await upstream.lsn("SELECT pg_logical_emit_message(true, 'test', 'mark')::text AS v");
  await until(() => model.appliedLsn >= lsn, "the model has caught up");
}

export async function unfollow(upstream: Upstream, follower: Follower, instance: string): Promise<readonly string[]> {
  await follower.source.stop();
  return uninstall(upstream.server.url, instance);
}

/** Rows that the model has and SELECT does not (`+`), and the reverse (`-`), once the model has caught up. */
export async function differences(upstream: Upstream, model: TableModel, table: string): Promise<readonly string[]> {
  const oid = await upstream.oid(table);
  await caughtUp(upstream, model);
  const known = must(model.tables.get(oid), `${table} was added`);
  const rebuilt = model.contents(oid);
  const select = await upstream.contents(known.schema);
  if (rebuilt.join() === select.join()) return [];
  return [...surplus(rebuilt, select).map((row) => `+${row}`), ...surplus(select, rebuilt).map((row) => `-${row}`)];
}

function surplus(rows: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const row of others) counts.set(row, (counts.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const count = counts.get(row) ?? 0;
    counts.set(row, count - 1);
    return count <= 0;
  });
}
