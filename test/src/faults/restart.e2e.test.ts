import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { must } from "@freshet/base";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import { encodeCancelRequest } from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { TextClient, barrier, cachedRows, cachesReady, lastStatement, until, withText } from "./support.ts";

const SUM = "SELECT sum(v) FROM t";

let server: PostgresServer;
let upstream: TextClient;
let folder: string;
let config: string;
let freshet: FreshetProcess;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)");
  folder = mkdtempSync(path.join(tmpdir(), "freshet-restart-"));
  config = path.join(folder, "freshet.toml");
  writeFileSync(config, lasting());
  freshet = await FreshetProcess.start({
    upstream: server,
    instance: "restarting",
    flags: ["--supervised", "true", "--config", config],
  });
  await freshet.untilReady();
  await withText(freshet.connection, (client) => client.rows(`CREATE CACHE sums FROM ${SUM}`));
});
afterAll(async () => {
  await freshet.terminate();
  await freshet.remove();
  await upstream.end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** A configuration under which clients may stay. */
function lasting(): string {
  return `drain-timeout-ms = 60000\nunix-socket-dir = "${folder}"\n`;
}

/** How many times the program has said so. */
function said(text: string): number {
  return freshet.output.split(text).length - 1;
}

async function replaced(): Promise<void> {
  const before = said("a new process serves clients");
  freshet.signal("SIGUSR2");
  await until("a new process serves", () => (said("a new process serves clients") > before ? true : undefined));
}

async function refused(): Promise<void> {
  const before = said("the old one goes on");
  freshet.signal("SIGUSR2");
  await until("the new process has failed", () => (said("the old one goes on") > before ? true : undefined));
}

/** The process that serves clients now. */
function serving(): number {
  return Number(must(/.*"process":(\d+)/s.exec(freshet.output))[1]);
}

test("clients that come and go while processes are replaced see no error, and caches follow what was written meanwhile", async () => {
  let going = true;
  let written = 0;
  let served = 0;
  const socket = { ...freshet.connection, host: folder };
  const visitor = async (connection: typeof socket): Promise<void> => {
    while (going) {
      const sum = await withText(connection, (client) => client.value(SUM));
      expect(Number(sum)).toBeGreaterThanOrEqual(0);
      served++;
    }
  };
  const resident = async (): Promise<void> => {
    await withText(freshet.connection, async (client) => {
      while (going) {
        await client.rows("UPDATE t SET v = v + 1 WHERE id = 1");
        written++;
        expect(await client.value(SUM)).toBe(String(written));
      }
    });
  };
  await upstream.rows("UPDATE t SET v = 0");
  await withText(freshet.connection, (client) => barrier(upstream, client));
  const clients = [visitor(freshet.connection), visitor(socket), resident()];
  await replaced();
  await replaced();
  const before = served;
  await until("clients are served by the last process", () => (served > before + 10 ? true : undefined));
  going = false;
  await Promise.all(clients);
  await withText(freshet.connection, async (client) => {
    await cachesReady(client);
    await barrier(upstream, client);
    expect(await cachedRows(client, SUM)).toEqual([[String(written)]]);
  });
  expect(said("are copied")).toBe(0);
});

test("a session of the old process finishes its transaction, can be cancelled, and is only forwarded", async () => {
  const client = new pg.Client({ ...freshet.connection });
  await client.connect();
  client.on("error", () => undefined);
  await client.query("BEGIN");
  await client.query("INSERT INTO t VALUES (2, 5)");
  await replaced();
  await client.query("COMMIT");
  expect(await upstream.value("SELECT v FROM t WHERE id = 2")).toBe("5");
  expect((await client.query("SELECT v FROM t WHERE id = 2")).rows).toEqual([{ v: 5 }]);
  await expect(client.query("SHOW CACHES")).rejects.toMatchObject({ code: "57P03" });

  const sleeping = client.query("SELECT pg_sleep(600)").then(
    () => null,
    (thrown: unknown) => thrown,
  );
  const key = client as pg.Client & { readonly processID: number; readonly secretKey: number };
  const secret = Buffer.alloc(4);
  secret.writeInt32BE(key.secretKey);
  await until("the statement runs", async () =>
    (await upstream.value("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'")) === "1"
      ? true
      : undefined,
  );
  const request = connect(freshet.connection.port, "127.0.0.1");
  request.resume();
  request.write(encodeCancelRequest(key.processID, secret));
  await once(request, "close");
  expect(await sleeping).toMatchObject({ code: "57014" });
  await client.end();
  await upstream.rows("DELETE FROM t WHERE id = 2");
});

test("what an old session changes in the schema is known to the new process", async () => {
  const old = await TextClient.connect(freshet.connection);
  await replaced();
  await withText(freshet.connection, async (client) => {
    await cachedRows(client, SUM);
    await old.rows("ALTER TABLE t ALTER v TYPE bigint");
    await until("the cache has the new type", async () => {
      const { state } = must((await client.records("SHOW CACHES"))[0]);
      if (state !== "ready") return undefined;
      await client.rows(SUM);
      return (await lastStatement(client))["destination"] === "cache" ? true : undefined;
    });
    // sum(bigint) is numeric, sum(int) bigint: the text is the same, the cache is another.
    expect(await client.value(`SELECT pg_typeof(sum(v)) FROM t`)).toBe("numeric");
  });
  await old.rows("ALTER TABLE t ALTER v TYPE int");
  await old.end();
});

test("a new process that fails leaves the old one in charge, before and after it has got the data folder", async () => {
  await withText(freshet.connection, async (client) => {
    await cachedRows(client, SUM);
    for (const wrong of ['max-connections = "many"', 'server-tls-sslmode = "require"']) {
      writeFileSync(config, wrong);
      await refused();
      await client.rows(SUM);
      expect(await lastStatement(client)).toMatchObject({ destination: "cache" });
    }
    // It cannot listen there: that shows when the old process has given the data folder away.
    writeFileSync(config, `unix-socket-dir = "${folder}/missing"`);
    await refused();
    expect(await cachedRows(client, SUM)).toHaveLength(1);
    await upstream.rows("UPDATE t SET v = 77 WHERE id = 1");
    await barrier(upstream, client);
    expect(await cachedRows(client, SUM)).toEqual([["77"]]);
    writeFileSync(config, lasting());
    await replaced();
  });
  await withText(freshet.connection, (client) => cachedRows(client, SUM));
});

test("a client that does not leave is told to after the time-out", async () => {
  writeFileSync(config, "drain-timeout-ms = 300");
  await replaced();
  const old = new pg.Client({ ...freshet.connection });
  const ended = once(old, "error");
  // Its socket closes behind that.
  old.on("error", () => undefined);
  await old.connect();
  await replaced();
  expect(await ended).toMatchObject([{ code: "57P01" }]);
});

test("a process that crashes is started again", async () => {
  await replaced();
  process.kill(serving(), "SIGKILL");
  await until("clients are served again", () =>
    withText(freshet.connection, (client) => cachedRows(client, SUM)).catch(() => undefined),
  );
  expect(said("has crashed")).toBe(1);
});
