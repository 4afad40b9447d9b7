import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { environment } from "@freshet/base";
import { freePort, startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminStatus, cachedRows, TextClient, until, withText } from "../faults/support.ts";
import { FreshetProcess } from "../harness/freshet-process.ts";

const program = fileURLToPath(new URL("../../../proxy/bin/freshet.js", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "freshet-cli-"));

let server: PostgresServer;
let upstream: TextClient;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one')");
});

afterAll(async () => {
  await upstream.end();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env: { ...environment(), ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code]: unknown[] = await once(child, "close");
  return { code, stdout, stderr };
}

test("--help lists every option with its default, and leaves nothing behind", async () => {
  const { code, stdout, stderr } = await run(["--help"]);
  expect([code, stderr]).toEqual([0, ""]);
  for (const word of [
    "--upstream",
    "--listen",
    "127.0.0.1:6543",
    "--admin",
    "--data",
    "--instance",
    "--config",
    "FRESHET_LISTEN",
    "doctor",
    "uninstall",
  ]) {
    expect(stdout).toContain(word);
  }
  expect(readdirSync(folder)).toEqual([]);
});

test("--version", async () => {
  expect(await run(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\d+\.\d+\.\d+/) });
});

const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["no upstream", [], /--upstream/],
  ["an unknown option", ["--upstream", "postgres://h/d", "--lisen", "1"], /--lisen[^]*--listen/],
  ["an option without its value", ["--upstream"], /--upstream/],
  ["an upstream that is no URL", ["--upstream", "localhost"], /--upstream[^]*postgres/],
  ["a port that is none", ["--upstream", "postgres://h/d", "--listen", "127.0.0.1:99999"], /--listen/],
  ["a number that is none", ["--upstream", "postgres://h/d", "--max-connections", "many"], /--max-connections/],
  ["an instance name that PostgreSQL refuses", ["--upstream", "postgres://h/d", "--instance", "Ä"], /--instance/],
  ["an unknown command", ["docter", "--upstream", "postgres://h/d"], /docter[^]*doctor/],
  ["a config file that is missing", ["--config", "missing.toml", "--upstream", "postgres://h/d"], /missing\.toml/],
];

test.each(wrong)("%s is refused by name", async (_what, args, message) => {
  const { code, stdout, stderr } = await run(args, { FRESHET_UPSTREAM: "" });
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n +at /);
});

test("a wrong option never shows the upstream's password", async () => {
  const { stderr } = await run(["--upstream", "postgres://u:hush@h:notaport/d"]);
  expect(stderr).toContain("--upstream");
  expect(stderr).not.toContain("hush");
});

test("options come from the file, the environment and the flags, the later before the earlier", async () => {
  const [port, admin] = [await freePort(), await freePort()];
  const file = path.join(folder, "freshet.toml");
  writeFileSync(
    file,
    `upstream = "${server.url}"\nlisten = "127.0.0.1:1"\nadmin = "127.0.0.1:${admin}"\ninstance = "from_file"\ndata = "${folder}/data"\nmax-connections = 3\n`,
  );
  const child = spawn(process.execPath, [program, "--config", file, "--listen", `127.0.0.1:${port}`], {
    cwd: folder,
    env: { ...environment(), FRESHET_INSTANCE: "from_environment" },
  });
  try {
    await until("it is ready", async () => {
      const status = await adminStatus(`http://127.0.0.1:${admin}`, "/readyz").catch(() => null);
      return status?.status === 200 ? true : undefined;
    });
    const connection = { ...server, host: "127.0.0.1", port };
    await withText(connection, async (proxied) => {
      const status = new Map((await proxied.rows("SHOW FRESHET STATUS")).map(([name, value]) => [name, value]));
      expect(status.get("instance")).toBe("from_environment");
      await withText(connection, () =>
        withText(connection, async () => {
          await expect(TextClient.connect(connection)).rejects.toMatchObject({ code: "53300", severity: "FATAL" });
        }),
      );
    });
  } finally {
    const exit = once(child, "exit");
    child.kill("SIGINT");
    expect(await exit).toEqual([0, null]);
  }
  expect(await run(["uninstall", "--upstream", server.url, "--instance", "from_environment"])).toMatchObject({
    code: 0,
  });
});

test("doctor on a good server, and on one that is not there", async () => {
  const good = await run(["doctor", "--upstream", server.url]);
  expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining("Freshet can use this server.") });
  expect(good.stdout).not.toContain("WRONG");
  const absent = await run(["doctor", "--upstream", `postgres://postgres:hush@127.0.0.1:${await freePort()}/postgres`]);
  expect(absent.code).toBe(1);
  expect(absent.stdout + absent.stderr).toContain("could not connect to the upstream server");
  expect(absent.stdout + absent.stderr).not.toContain("hush");
  const refused = await run(["doctor", "--upstream", server.url.replace("postgres:postgres@", "postgres:wrong@")]);
  expect(refused.code).toBe(1);
  expect(refused.stdout + refused.stderr).toContain("password authentication failed");
});

test("health, readiness, metrics; one data folder, one Freshet; SIGTERM and uninstall leave nothing", async () => {
  const freshet = await FreshetProcess.start({ upstream: server, instance: "tidy" });
  try {
    const { adminUrl, dataDirectory, connection } = freshet;
    await until("it is ready", async () =>
      (await adminStatus(adminUrl, "/readyz")).status === 200 ? true : undefined,
    );
    await withText(connection, async (proxied) => {
      await proxied.rows(
        "CREATE CACHE ones WITH (write_to = 'public.ones') FROM SELECT v, count(*) AS n FROM t GROUP BY v",
      );
      await proxied.rows("CREATE CACHE vs FROM SELECT v FROM t WHERE id = 1");
      expect(await cachedRows(proxied, "SELECT v FROM t WHERE id = 1")).toEqual([["one"]]);
    });
    expect(await adminStatus(adminUrl, "/healthz")).toEqual({ status: 200, body: "ok\n" });
    expect((await adminStatus(adminUrl, "/nowhere")).status).toBe(404);
    expect((await fetch(`${adminUrl}/metrics`, { method: "POST" })).status).toBe(405);
    const metrics = (await adminStatus(adminUrl, "/metrics")).body;
    expect(metrics).toMatch(/^freshet_hits_total\{cache="vs"\} [1-9]/m);
    expect(metrics).toMatch(/^freshet_cache_ready\{cache="ones"\} 1$/m);
    const second = await run([
      "--upstream",
      server.url,
      "--data",
      dataDirectory,
      "--listen",
      "127.0.0.1:0",
      "--admin",
      "127.0.0.1:0",
      "--instance",
      "second",
    ]);
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining("is in use by another Freshet") });
    const early = await run(["uninstall", "--upstream", server.url, "--instance", "nobody"]);
    expect(early).toMatchObject({ code: 0 });
    const session = await TextClient.connect(connection);
    await freshet.terminate();
    await until("the session has ended", () => (session.ended ? true : undefined));
    expect(await upstream.rows("SELECT slot_name, active FROM pg_replication_slots")).toEqual([["tidy", "f"]]);
  } finally {
    await freshet.remove();
  }
  const removed = await run(["uninstall", "--upstream", server.url, "--instance", "tidy"]);
  expect(removed).toMatchObject({ code: 0, stdout: expect.stringContaining("removed replication slot tidy") });
  expect(
    await upstream.rows(`SELECT slot_name FROM pg_replication_slots UNION ALL SELECT pubname FROM pg_publication
      UNION ALL SELECT evtname FROM pg_event_trigger UNION ALL SELECT nspname FROM pg_namespace WHERE nspname LIKE '%freshet%'`),
  ).toEqual([]);
  expect(await upstream.rows("TABLE ones")).toEqual([["one", "1"]]);
  expect(await run(["uninstall", "--upstream", server.url, "--instance", "tidy"])).toMatchObject({
    code: 0,
    stdout: "There was nothing of Freshet's to remove.\n",
  });
});
