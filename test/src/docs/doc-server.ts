import { startPostgres, withClient } from "@freshet/postgres";
import type { Connection } from "@freshet/postgres";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { readDocument } from "./documents.ts";

/** The transcript tells what happens on an idle machine; a busy one needs more time for a session's own writes. */
const patient = ["--session-read-timeout-ms", "30000"];

/** PostgreSQL with the demo shop as `npm start` loads it, and the built program in front of it. */
export interface DocServer {
  /** How to log in through Freshet. */
  readonly connection: Connection;
  readonly upstream: Connection;
  readonly adminUrl: string;
  stop(): Promise<void>;
}

export async function startDocServer(): Promise<DocServer> {
  const server = await startPostgres({ database: "shop" });
  const shop = await readDocument("proxy/demo/shop.sql");
  try {
    await withClient(server, async (client) => {
      await client.query("BEGIN");
      await client.query(shop);
      await client.query("COMMIT");
      await client.query("VACUUM ANALYZE");
    });
    const freshet = await FreshetProcess.start({ upstream: server, instance: "freshet_docs", flags: patient });
    const stop = async (): Promise<void> => {
      try {
        await freshet.terminate();
      } finally {
        await freshet.remove();
        await server.stop();
      }
    };
    return { connection: freshet.connection, upstream: server, adminUrl: freshet.adminUrl, stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
