import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { adminStatus, TextClient, until } from "./support.ts";

export interface ReplicatingOptions {
  /** SQL run upstream before Freshet starts. */
  readonly schema?: string;
  readonly flags?: readonly string[];
}

/** A PostgreSQL, a Freshet before it whose replication runs, and a session with each. */
export class Replicating {
  readonly server: PostgresServer;
  readonly upstream: TextClient;
  readonly freshet: FreshetProcess;
  proxied: TextClient;

  private constructor(server: PostgresServer, upstream: TextClient, freshet: FreshetProcess, proxied: TextClient) {
    this.server = server;
    this.upstream = upstream;
    this.freshet = freshet;
    this.proxied = proxied;
  }

  static async start(instance: string, { schema, flags = [] }: ReplicatingOptions = {}): Promise<Replicating> {
    const server = await startPostgres();
    const upstream = await TextClient.connect(server);
    if (schema !== undefined) await upstream.rows(schema);
    const freshet = await FreshetProcess.start({ upstream: server, instance, flags });
    await untilReady(freshet);
    return new Replicating(server, upstream, freshet, await TextClient.connect(freshet.connection));
  }

  /** Starts Freshet again, which was ended or killed. */
  async launch(): Promise<void> {
    await this.freshet.launch();
    this.proxied = await TextClient.connect(this.freshet.connection);
  }

  async stop(): Promise<void> {
    await this.proxied.end();
    await this.upstream.end();
    await this.freshet.remove();
    await this.server.stop();
  }
}

/** Waits until replication runs and the caches are caught up. */
export async function untilReady(freshet: FreshetProcess): Promise<void> {
  await until("replication runs", async () =>
    (await adminStatus(freshet.adminUrl, "/readyz")).status === 200 ? true : undefined,
  );
}
