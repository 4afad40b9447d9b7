import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { must } from "@freshet/base";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import { encodeCancelRequest } from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { TextClient, until, withText } from "./support.ts";

let server: PostgresServer;
let upstream: TextClient;
let folder: string;
let freshet: FreshetProcess;
let clients: TextClient[];

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  folder = mkdtempSync(path.join(tmpdir(), "freshet-fronts-"));
  const pools = path.join(folder, "pools.toml");
  writeFileSync(
    pools,
    'pool_mode = "transaction"\nadmin_users = "postgres"\ndefault_pool_size = 3\nmax_client_conn = 41\n',
  );
  freshet = await FreshetProcess.start({
    upstream: server,
    instance: "pooled_fronts",
    flags: ["--fronts", "2", "--auth-type", "scram-sha-256", "--pools", pools, "--unix-socket-dir", folder],
  });
  await freshet.untilReady();
  clients = [];
  for (let index = 0; index < 6; index++) {
    const connection = index % 2 === 0 ? freshet.connection : { ...freshet.connection, host: folder };
    const client = await TextClient.connect(connection);
    await client.rows("SELECT 1");
    clients.push(client);
  }
});
afterAll(async () => {
  if (freshet.running) await freshet.terminate();
  await freshet.remove();
  await upstream.end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** By the name of the process. */
async function shown(table: string): Promise<Map<string, Record<string, string | null>[]>> {
  const rows = await withText({ ...freshet.connection, database: "freshet" }, (client) => client.records(table));
  const by = new Map<string, Record<string, string | null>[]>();
  for (const row of rows) by.set(must(row["process"]), [...(by.get(must(row["process"])) ?? []), row]);
  return by;
}

async function admin(command: string): Promise<void> {
  await withText({ ...freshet.connection, database: "freshet" }, (client) => client.rows(command));
}

test("clients of both sockets are spread evenly, limits are divided, and the console shows all processes", async () => {
  const perProcess = await shown("SHOW CLIENTS");
  expect([...perProcess.values()].map((rows) => rows.length)).toEqual([3, 3]);
  const databases = [...(await shown("SHOW DATABASES")).values()].map(([row]) => row?.["pool_size"]);
  expect(new Set(databases)).toEqual(new Set(["1", "2"]));
  expect((await shown("SHOW MEM")).size).toBe(2);
  const version = await withText({ ...freshet.connection, database: "freshet" }, (client) =>
    client.record("SHOW VERSION"),
  );
  expect(Object.keys(version)).toEqual(["version"]);
});

test.each(["", "of one database"])("PAUSE and RESUME %s hold and release the clients of all processes", async (one) => {
  const what = one === "" ? "" : ` ${freshet.connection.database}`;
  await admin(`PAUSE${what}`);
  const answers = clients.map((client) => client.value("SELECT 2"));
  let answered = 0;
  for (const answer of answers) void answer.then(() => answered++);
  const states = async (): Promise<(string | null | undefined)[]> =>
    [...(await shown("SHOW CLIENTS")).values()].flat().map((row) => row["state"]);
  await until("all wait", async () => ((await states()).every((state) => state === "waiting") ? true : undefined));
  expect(answered).toBe(0);
  await admin(`RESUME${what}`);
  expect(await Promise.all(answers)).toEqual(clients.map(() => "2"));
});

test("a cancel request reaches the process that gave out its key, whichever gets it", async () => {
  for (let attempt = 0; attempt < 4; attempt++) {
    const client = new pg.Client({ ...freshet.connection });
    await client.connect();
    const sleeping = client.query("SELECT pg_sleep(600)").then(
      () => null,
      (thrown: unknown) => thrown,
    );
    await until("the statement runs", async () =>
      (await upstream.value(
        "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'",
      )) === "1"
        ? true
        : undefined,
    );
    const key = client as pg.Client & { readonly processID: number; readonly secretKey: number };
    const secret = Buffer.alloc(4);
    secret.writeInt32BE(key.secretKey);
    const request = connect(freshet.connection.port, "127.0.0.1");
    request.resume();
    request.write(encodeCancelRequest(key.processID, secret));
    await once(request, "close");
    expect(await sleeping).toMatchObject({ code: "57014" });
    await client.end();
  }
});

test("SHUTDOWN waits for the clients of all processes, and ends all", async () => {
  const ended = admin("SHUTDOWN WAIT_FOR_CLIENTS").catch(() => undefined);
  await until("no client comes in", () =>
    TextClient.connect(freshet.connection).then(
      async (client) => {
        await client.end();
        return undefined;
      },
      () => true,
    ),
  );
  expect(freshet.running).toBe(true);
  for (const client of clients) expect(await client.value("SELECT 3")).toBe("3");
  for (const client of clients) await client.end();
  await ended;
  await until("the program has ended", () => (freshet.running ? undefined : true));
});
