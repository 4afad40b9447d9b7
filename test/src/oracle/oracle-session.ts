import { setTimeout as sleep } from "node:timers/promises";
import { now, randomId } from "@freshet/base";
import { createDatabase } from "@freshet/postgres";
import type { Connection, TestDatabase } from "@freshet/postgres";
import { parseLsn } from "@freshet/values";
import type { Lsn } from "@freshet/values";
import pg from "pg";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { RawClient, succeeded, textRows } from "../harness/raw-client.ts";
import { OracleFailure } from "./oracle-failure.ts";
import { runTransaction } from "./run-transaction.ts";

const barrierTimeoutMs = 30_000;

/** A database of its own, Freshet in front of it, and clients on both sides. */
export class OracleSession {
  readonly database: TestDatabase;
  readonly freshet: FreshetProcess;
  /** Writes; knows nothing of Freshet. */
  readonly writer: pg.Client;
  readonly #fronts: number;
  #direct: RawClient;
  #proxied: RawClient;

  private constructor(
    database: TestDatabase,
    freshet: FreshetProcess,
    writer: pg.Client,
    direct: RawClient,
    proxied: RawClient,
    fronts: number,
  ) {
    this.#fronts = fronts;
    this.database = database;
    this.freshet = freshet;
    this.writer = writer;
    this.#direct = direct;
    this.#proxied = proxied;
  }

  static async start(server: Connection, schema: readonly string[], fronts = 1): Promise<OracleSession> {
    const database = await createDatabase(server);
    let freshet: FreshetProcess | undefined;
    try {
      const { host, port, user, password } = database;
      const writer = new pg.Client({ host, port, user, password, database: database.database });
      // The database goes away with FORCE where a run ends early.
      writer.on("error", () => undefined);
      await writer.connect();
      await runTransaction(writer, schema);
      const flags = ["--fronts", String(fronts)];
      freshet = await FreshetProcess.start({ upstream: database, instance: `oracle_${randomId(4)}`, flags });
      await freshet.untilReady();
      const direct = await RawClient.connect(database);
      return new OracleSession(database, freshet, writer, direct, await connectToLast(freshet, fronts), fronts);
    } catch (error) {
      await freshet?.remove();
      await database.drop();
      throw error;
    }
  }

  /** Asks PostgreSQL. */
  get direct(): RawClient {
    return this.#direct;
  }

  /** Asks through Freshet. */
  get proxied(): RawClient {
    return this.#proxied;
  }

  /** Ends everything; a Freshet that does not end well is an error. */
  async stop(): Promise<void> {
    try {
      await this.writer.end();
      await this.#direct.end();
      if (this.freshet.running) {
        await this.#proxied.end();
        await this.freshet.terminate();
      }
    } finally {
      await this.freshet.remove();
      await this.database.drop();
    }
  }

  /** Ends Freshet, politely or not, starts it again and waits until its caches answer. */
  async restart(how: "restart" | "kill"): Promise<void> {
    if (how === "kill") await this.freshet.kill();
    else await this.freshet.terminate();
    await this.freshet.launch();
    await this.freshet.untilReady();
    this.#proxied = await connectToLast(this.freshet, this.#fronts);
    // So that both sessions know the same statements.
    await this.#direct.end();
    this.#direct = await RawClient.connect(this.database);
    await this.#until("the caches are ready", async () => {
      const caches = await this.caches();
      return caches.every(({ state }) => state === "ready");
    });
  }

  async caches(): Promise<{ name: string; state: string; reason: string | null; written: Lsn | undefined }[]> {
    const rows = textRows(await this.#proxied.simple("SHOW CACHES"));
    return rows.map((row) => ({
      name: row[0] ?? "",
      state: row[4] ?? "",
      reason: row[5] ?? null,
      written: row[13] == null ? undefined : parseLsn(row[13]),
    }));
  }

  /** Waits until everything committed so far is in the caches; returns the position. */
  async barrier(): Promise<Lsn> {
    const wanted = await this.#position();
    await this.#until("the caches follow", async () => {
      const status = new Map(
        textRows(succeeded(await this.#proxied.simple("SHOW FRESHET STATUS"))).map(([name, value]) => [name, value]),
      );
      return (parseLsn(status.get("applied_lsn") ?? "") ?? 0n) >= wanted;
    });
    return wanted;
  }

  /** The same for what is written back; false when SHOW CACHES says why the table cannot follow. */
  async writeBackBarrier(cache: string): Promise<boolean> {
    const wanted = await this.#position();
    let isHeld = false;
    await this.#until(`the table of ${cache} follows`, async () => {
      const found = (await this.caches()).find(({ name }) => name === cache);
      isHeld = found?.reason != null;
      return isHeld || (found?.written !== undefined && found.written >= wanted);
    });
    return !isHeld;
  }

  async #position(): Promise<Lsn> {
    const result = await this.writer.query<{ lsn: string }>("SELECT pg_current_wal_flush_lsn() AS lsn");
    return parseLsn(result.rows[0]?.lsn ?? "") ?? 0n;
  }

  async #until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = now() + barrierTimeoutMs;
    while (!(await condition())) {
      if (now() > deadline) throw new OracleFailure("barrier", `waited ${barrierTimeoutMs} ms until ${what}`);
      await sleep(2);
    }
  }
}

/** A client of a process that does not have the caches, where there is one: each gets a client in turn, and the first has them. */
async function connectToLast(freshet: FreshetProcess, fronts: number): Promise<RawClient> {
  const first: RawClient[] = [];
  for (let front = 1; front < fronts; front++) first.push(await RawClient.connect(freshet.connection));
  const last = await RawClient.connect(freshet.connection);
  await Promise.all(first.map((client) => client.end()));
  return last;
}
