import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
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

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  folder = mkdtempSync(path.join(tmpdir(), "freshet-restart-"));
  const pools = path.join(folder, "pools.toml");
  writeFileSync(pools, 'pool_mode = "transaction"\nadmin_users = "postgres"\n');
  freshet = await FreshetProcess.start({
    upstream: server,
    instance: "pooling",
    flags: ["--supervised", "true", "--auth-type", "scram-sha-256", "--pools", pools],
  });
});
afterAll(async () => {
  await freshet.terminate();
  await freshet.remove();
  await upstream.end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function replaced(): Promise<void> {
  const told = (): number => freshet.output.split("a new process serves clients").length;
  const before = told();
  freshet.signal("SIGUSR2");
  await until("a new process serves", () => (told() > before ? true : undefined));
}

test("a client of an old process's pool keeps its settings, and is cancelled with the key that Freshet gave it", async () => {
  const client = new pg.Client({ ...freshet.connection });
  await client.connect();
  await client.query("SET application_name = 'resident'");
  await client.query("SET work_mem = '3MB'");
  await replaced();
  expect((await client.query("SHOW work_mem")).rows).toEqual([{ work_mem: "3MB" }]);
  const sleeping = client.query("SELECT pg_sleep(600)").then(
    () => null,
    (thrown: unknown) => thrown,
  );
  await until("the statement runs", async () =>
    (await upstream.value("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'")) === "1"
      ? true
      : undefined,
  );
  const key = client as pg.Client & { readonly processID: number; readonly secretKey: number };
  const cancel = async (secretKey: number): Promise<void> => {
    const secret = Buffer.alloc(4);
    secret.writeInt32BE(secretKey);
    const request = connect(freshet.connection.port, "127.0.0.1");
    request.resume();
    request.write(encodeCancelRequest(key.processID, secret));
    await once(request, "close");
  };
  await cancel(key.secretKey ^ 1);
  expect(await upstream.value("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'")).toBe("1");
  await cancel(key.secretKey);
  expect(await sleeping).toMatchObject({ code: "57014" });
  await client.end();
});

test("the admin console is the new process's, and its SHUTDOWN ends all processes", async () => {
  const old = await TextClient.connect(freshet.connection);
  await old.rows("SELECT 1");
  await replaced();
  const console = { ...freshet.connection, database: "freshet" };
  await withText(console, async (client) => {
    expect(await client.rows("SHOW CLIENTS")).toEqual([]);
    await withText(freshet.connection, async (other) => {
      await other.rows("SELECT 1");
      expect(await client.rows("SHOW CLIENTS")).toHaveLength(1);
    });
  });
  const admin = await TextClient.connect(console);
  await admin.rows("SHUTDOWN").catch(() => null);
  await until("the program has ended", () => (freshet.running ? undefined : true));
  await until("the old process has ended its client", () => (old.ended ? true : undefined));
});
