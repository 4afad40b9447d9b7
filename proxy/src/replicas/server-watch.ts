import { must, now } from "@freshet/base";
import { type Lsn, parseLsn } from "@freshet/values";
import pg from "pg";
import type { UpstreamServer } from "../upstream/upstream-server.ts";
import { UpstreamStream } from "../upstream/upstream-stream.ts";

/** What a server says of itself. */
export interface ServerPosition {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly isStandby: boolean;
  /** Replayed there; of a primary, flushed. */
  readonly lsn: Lsn;
  /** Monotonic ms at which it was asked. */
  readonly askedAt: number;
  readonly latencyMs: number;
}

export interface ServerWatchOptions {
  /** User, password and database, in the driver's terms. */
  readonly connectionString: string;
  readonly open: () => ReturnType<UpstreamServer["connect"]>;
  readonly timeoutMs: number;
  readonly applicationName: string;
}

const POSITION = `SELECT pg_catalog.pg_is_in_recovery(), CASE WHEN pg_catalog.pg_is_in_recovery()
  THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_flush_lsn() END`;

/** A connection to one server that is there to ask it where it is; made anew after it broke. */
export class ServerWatch {
  readonly #options: ServerWatchOptions;
  #client: pg.Client | null = null;
  #closed = false;

  constructor(options: ServerWatchOptions) {
    this.#options = options;
  }

  /** Rejects when the server does not say so in time; one call at a time. */
  async look(): Promise<ServerPosition> {
    const client = await this.#connected();
    try {
      return await ask(client);
    } catch (thrown) {
      this.#drop(client);
      throw thrown;
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#client !== null) this.#drop(this.#client);
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== null) return this.#client;
    const { connectionString, open, timeoutMs, applicationName } = this.#options;
    const config = {
      connectionString,
      stream: (): UpstreamStream => new UpstreamStream(open),
      application_name: applicationName,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      keepAlive: true,
      // A setting that pg has and its types lack: such a connection also knows IDENTIFY_SYSTEM.
      replication: "database",
    };
    const client = new pg.Client(config);
    const drop = (): void => this.#drop(client);
    client.on("error", drop).on("end", drop);
    try {
      await client.connect();
    } catch (thrown) {
      this.#drop(client);
      throw thrown;
    }
    if (this.#closed) {
      this.#drop(client);
      throw new Error("Freshet is shutting down");
    }
    this.#client = client;
    return client;
  }

  #drop(client: pg.Client): void {
    if (this.#client === client) this.#client = null;
    client.connection.stream.destroy();
  }
}

/** The timeline first: a standby never goes back to an older one, so what it has replayed is at least on that. */
async function ask(client: pg.Client): Promise<ServerPosition> {
  const system = await client.query<{ systemid: string; timeline: number | string }>("IDENTIFY_SYSTEM");
  const { systemid, timeline } = must(system.rows[0]);
  const askedAt = now();
  const position = await client.query<[boolean, string]>({ text: POSITION, rowMode: "array" });
  const [isStandby, lsn] = must(position.rows[0]);
  return {
    systemIdentifier: systemid,
    timeline: Number(timeline),
    isStandby,
    lsn: parseLsn(lsn) ?? 0n,
    askedAt,
    latencyMs: now() - askedAt,
  };
}
