import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { once } from "node:events";
import { encodeCancelRequest } from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentPath } from "../docs/documents.ts";
import { Replicating } from "../faults/replicating.ts";
import { until } from "../faults/support.ts";

/** What the driver makes of BackendKeyData. */
interface BackendKey {
  readonly processID: number;
  readonly secretKey: number;
}

let folder: string;
let running: Replicating;

const certificate = (name: string): string => documentPath(`proxy/src/testing/certificates/${name}`);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "freshet-access-"));
  for (const kind of ["key", "crt"]) await copyFile(certificate(`server.${kind}`), path.join(folder, `own.${kind}`));
  await writeFile(path.join(folder, "hba"), "local all all relay\nhost all all all scram-sha-256\n");
  running = await Replicating.start("access", {
    schema: `CREATE TABLE many (id int PRIMARY KEY, text text NOT NULL);
      INSERT INTO many SELECT i, repeat('x', 100) FROM generate_series(1, 400000) i;`,
    flags: [
      ...["--client-tls-sslmode", "prefer"],
      ...[
        "--client-tls-key-file",
        path.join(folder, "own.key"),
        "--client-tls-cert-file",
        path.join(folder, "own.crt"),
      ],
      ...["--auth-type", "hba", "--auth-hba-file", path.join(folder, "hba")],
      ...["--unix-socket-dir", folder],
    ],
  });
});
afterAll(async () => {
  await running.stop();
  await rm(folder, { recursive: true });
});

async function session(more: pg.ClientConfig = {}): Promise<pg.Client> {
  const { host, port, user, password, database } = running.freshet.connection;
  const client = new pg.Client({ host, port, user, password, database, ...more });
  await client.connect();
  return client;
}

describe("the program", () => {
  test("serves TLS with SCRAM that is bound to it, plain text, and its Unix socket", async () => {
    for (const more of [
      { ssl: { rejectUnauthorized: false }, enableChannelBinding: true },
      {},
      { host: folder, port: running.freshet.connection.port },
    ]) {
      const client = await session(more);
      expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await client.end();
    }
  });

  test("ends CREATE CACHE when it is cancelled, and leaves nothing of the cache", async () => {
    const { host, port, user, password, database } = running.freshet.connection;
    const client = new pg.Client({ host, port, user, password, database });
    const keyData = once(client.connection, "backendKeyData") as Promise<[BackendKey]>;
    await client.connect();
    const [{ processID, secretKey }] = await keyData;
    const creating = client.query("CREATE CACHE much FROM SELECT count(*) FROM many GROUP BY text").then(
      () => "created",
      ({ code, message }: { readonly code: string; readonly message: string }) => `${code} ${message}`,
    );
    const watcher = await session();
    const caches = async (): Promise<string> => JSON.stringify((await watcher.query("SHOW CACHES")).rows);
    await until("the build begins", async () => (await caches()).includes('"building"') || undefined);
    const key = Buffer.alloc(4);
    key.writeInt32BE(secretKey);
    const canceller = createConnection({ host, port });
    canceller.resume();
    canceller.end(encodeCancelRequest(processID, key));
    await once(canceller, "close");
    expect(await creating).toBe("57014 canceling statement due to user request");
    await until("nothing is left", async () => (await caches()) === "[]" || undefined);
    await client.query("CREATE CACHE much FROM SELECT count(*) FROM many GROUP BY text");
    expect(await caches()).toContain('"much"');
    await client.end();
    await watcher.end();
  });
});
