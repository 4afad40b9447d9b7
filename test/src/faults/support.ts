import { setTimeout as sleep } from "node:timers/promises";
import { must, now } from "@freshet/base";
import type { Connection } from "@freshet/postgres";
import { parseLsn } from "@freshet/values";
import pg from "pg";

/** How long anything that must happen by itself may take. Far beyond what it takes; never what is tested. */
const patienceMs = 60_000;

/** Values as PostgreSQL sends them: as text. */
const asText = {
  getTypeParser:
    () =>
    (value: string | Buffer): string =>
      value.toString(),
};

export type Rows = (string | null)[][];

/** A session whose answers are rows of text. */
export class TextClient {
  readonly #client: pg.Client;
  readonly notices: string[] = [];
  /** Set when the server or the network ended the session. */
  ended = false;

  private constructor(client: pg.Client) {
    this.#client = client;
    client.on("notice", (notice) => this.notices.push(notice.message ?? ""));
    client.on("end", () => (this.ended = true));
    // The failure itself reaches whoever waits for an answer.
    client.on("error", () => (this.ended = true));
  }

  static async connect(connection: Connection, settings: pg.ClientConfig = {}): Promise<TextClient> {
    const { host, port, user, password, database } = connection;
    const client = new pg.Client({ host, port, user, password, database, types: asText, ...settings });
    const session = new TextClient(client);
    await client.connect();
    return session;
  }

  /** Extended protocol where there are `values`, else simple. */
  async rows(text: string, values?: readonly unknown[]): Promise<Rows> {
    const result = await this.#client.query<(string | null)[]>({
      text,
      rowMode: "array",
      ...(values === undefined ? {} : { values: [...values] }),
    });
    return result.rows;
  }

  async value(text: string, values?: readonly unknown[]): Promise<string | null> {
    return (await this.rows(text, values))[0]?.[0] ?? null;
  }

  /** The first row, by column name. */
  async record(text: string): Promise<Record<string, string | null>> {
    const result = await this.#client.query<Record<string, string | null>>(text);
    return must(result.rows[0], `${text} yields a row`);
  }

  async records(text: string): Promise<Record<string, string | null>[]> {
    return (await this.#client.query<Record<string, string | null>>(text)).rows;
  }

  /** The error that a statement must end with. */
  async error(text: string, values?: readonly unknown[]): Promise<pg.DatabaseError> {
    try {
      await this.rows(text, values);
    } catch (thrown) {
      if (thrown instanceof pg.DatabaseError) return thrown;
      throw thrown;
    }
    throw new Error(`no error from: ${text}`);
  }

  async end(): Promise<void> {
    await this.#client.end();
  }
}

/** Runs `body` on a session of its own. */
export async function withText<T>(connection: Connection, body: (client: TextClient) => Promise<T>): Promise<T> {
  const client = await TextClient.connect(connection);
  try {
    return await body(client);
  } finally {
    await client.end();
  }
}

/** Waits until `probe` yields something; `undefined` means not yet. */
export async function until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = now() + patienceMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(20);
  }
}

/** The verdict on a session's last statement; the reason's details are apart from it. */
export async function lastStatement(proxied: TextClient): Promise<Record<string, string | null>> {
  const last = await proxied.record("EXPLAIN LAST STATEMENT");
  const [reason, ...detail] = (last["reason"] ?? "").split(": ");
  return { ...last, reason: must(reason), detail: detail.join(": ") };
}

/** Waits until the views have reached what is committed upstream now. */
export async function barrier(upstream: TextClient, proxied: TextClient): Promise<void> {
  const wanted = must(parseLsn(must(await upstream.value("SELECT pg_current_wal_insert_lsn()"))));
  await until("the views reach the upstream's position", async () => {
    const status = new Map(
      (await proxied.rows("SHOW FRESHET STATUS")).map(([name, value]) => [name ?? "", value ?? ""]),
    );
    const applied = must(parseLsn(must(status.get("applied_lsn"))));
    return applied >= wanted ? true : undefined;
  });
}

/** Waits until every cache is ready; those that failed are told. */
export async function cachesReady(proxied: TextClient): Promise<void> {
  await until("all caches are ready", async () => {
    const caches = await proxied.records("SHOW CACHES");
    const failed = caches.find(({ state }) => state === "failed");
    if (failed !== undefined) throw new Error(`cache ${failed["name"] ?? ""} failed: ${failed["reason"] ?? ""}`);
    return caches.every(({ state }) => state === "ready") ? true : undefined;
  });
}

/** One row of SHOW CACHES; undefined when there is no such cache. */
export async function cacheNamed(
  proxied: TextClient,
  name: string,
): Promise<Record<string, string | null> | undefined> {
  return (await proxied.records("SHOW CACHES")).find((cache) => cache["name"] === name);
}

/** The answer of a cache; whatever sends the statement upstream is waited for to pass. */
export async function cachedRows(proxied: TextClient, text: string, values?: readonly unknown[]): Promise<Rows> {
  let verdict = "";
  try {
    return await until("the statement is a hit", async () => {
      const rows = await proxied.rows(text, values);
      const last = await lastStatement(proxied);
      verdict = JSON.stringify(last);
      return last["destination"] === "cache" ? rows : undefined;
    });
  } catch (error) {
    throw new Error(`${text}: not answered from a cache, ${verdict}`, { cause: error });
  }
}

/** Sends the statement until it goes upstream, and tells why it did. */
export async function missReason(proxied: TextClient, text: string, values?: readonly unknown[]): Promise<string> {
  await proxied.rows(text, values);
  const last = await lastStatement(proxied);
  return last["destination"] === "upstream" ? must(last["reason"]) : "hit";
}

/** HTTP status of an admin address. */
export async function adminStatus(adminUrl: string, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`${adminUrl}${path}`);
  return { status: response.status, body: await response.text() };
}
