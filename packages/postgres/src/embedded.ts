import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { environment, errorMessage } from "@freshet/base";
import { embeddedBinaries, installedBinaries } from "./binaries.ts";
import type { Binaries } from "./binaries.ts";
import { ensureDatabase } from "./database.ts";
import { freePort } from "./free-port.ts";
import { guardServer } from "./guard.ts";
import type { Guard } from "./guard.ts";
import { canReach, serverUser } from "./run-as.ts";
import type { RunAs } from "./run-as.ts";
import { replicationSettings, serverHandle, unsafeSettings } from "./server.ts";
import type { Connection, PostgresOptions, PostgresServer } from "./server.ts";

const host = "127.0.0.1";
const superuser = { user: "postgres", password: "postgres" };
const startTries = 5;

/** What it takes to run one cluster: its data, its programs and the user they run as. */
interface Cluster {
  readonly data: string;
  readonly log: string;
  /** Holds the server's process id while it runs, for the guard. */
  readonly pidFile: string;
  /** Persistent data gets a shutdown with a checkpoint, the rest the fastest one. */
  readonly signal: "INT" | "QUIT";
  readonly binaries: Binaries;
  readonly user: RunAs | undefined;
  /** Folders that go away with the server. */
  readonly temporary: readonly string[];
}

/**
 * The embedded PostgreSQL 18, or the programs in the folder that FRESHET_TEST_POSTGRES_BIN names, as a process of its
 * own, which ends with this one.
 */
export async function startEmbedded(options: PostgresOptions = {}): Promise<PostgresServer> {
  const cluster = await prepare(options);
  await rm(cluster.pidFile, { force: true });
  const guard = await guardServer(cluster.pidFile, cluster.signal, cluster.temporary);
  const fresh = !existsSync(path.join(cluster.data, "PG_VERSION"));
  try {
    if (fresh) await initialise(cluster);
    return await serve(cluster, options, fresh, guard);
  } catch (error) {
    await cleanUp(cluster, guard);
    throw error;
  }
}

/** The folder of the programs of another server to be used; undefined: the embedded one. */
export function installedFolder(): string | undefined {
  const folder = environment()["FRESHET_TEST_POSTGRES_BIN"];
  return folder === "" ? undefined : folder;
}

async function prepare(options: PostgresOptions): Promise<Cluster> {
  const user = serverUser();
  const folder = options.dataDir ?? (await mkdtemp(path.join(os.tmpdir(), "freshet-postgres-")));
  await mkdir(folder, { recursive: true });
  if (!canReach(path.dirname(path.resolve(folder)), user)) {
    throw new Error(`user postgres cannot reach ${folder}: choose a data directory outside private folders`);
  }
  await chmod(folder, 0o700);
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const installed = options.programs ?? installedFolder();
  const binaries =
    installed === undefined ? await embeddedBinaries(user, path.resolve(folder)) : installedBinaries(installed);
  const temporary = options.persistent === true ? [] : [folder];
  return {
    data: path.resolve(folder, "data"),
    log: path.resolve(folder, "server.log"),
    pidFile: path.resolve(folder, "server.pid"),
    signal: options.persistent === true ? "INT" : "QUIT",
    binaries,
    user,
    temporary,
  };
}

/** Makes an empty cluster whose text sorts the same on every machine. */
async function initialise(cluster: Cluster): Promise<void> {
  await rm(cluster.data, { recursive: true, force: true });
  const passwordFile = path.join(path.dirname(cluster.data), `password-${randomBytes(4).toString("hex")}`);
  await writeFile(passwordFile, `${superuser.password}\n`, { mode: 0o600 });
  if (cluster.user !== undefined) await chown(passwordFile, cluster.user.uid, cluster.user.gid);
  try {
    await runInitdb(cluster, passwordFile);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function runInitdb(cluster: Cluster, passwordFile: string): Promise<void> {
  const noSync = cluster.temporary.length > 0 ? ["--no-sync"] : [];
  const flags = ["--auth=scram-sha-256", `--username=${superuser.user}`, `--pwfile=${passwordFile}`, ...noSync];
  const builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const locale = cluster.binaries.major >= 17 ? builtin : ["--locale=C.UTF-8"];
  const log = await open(cluster.log, "a");
  const child = spawn(cluster.binaries.initdb, [`--pgdata=${cluster.data}`, "--encoding=UTF8", ...flags, ...locale], {
    ...cluster.user,
    cwd: path.dirname(cluster.data),
    stdio: ["ignore", log.fd, log.fd],
  });
  try {
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`initdb failed (exit code ${code}):\n${await logTail(cluster)}`);
  } finally {
    await log.close();
  }
}

async function serve(
  cluster: Cluster,
  options: PostgresOptions,
  fresh: boolean,
  guard: Guard,
): Promise<PostgresServer> {
  const { child, port } = await launch(cluster, options);
  const connection: Connection = { host, port, ...superuser, database: options.database ?? "postgres" };
  try {
    if (connection.database !== "postgres") {
      await ensureDatabase({ ...connection, database: "postgres" }, connection.database);
    }
  } catch (error) {
    await end(child, cluster.signal);
    throw error;
  }
  return serverHandle(connection, fresh, async () => {
    await end(child, cluster.signal);
    await cleanUp(cluster, guard);
  });
}

/** Starts the server; when somebody else takes the free port first, on another one. */
async function launch(cluster: Cluster, options: PostgresOptions): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort(host));
    await rm(cluster.log, { force: true });
    const child = await spawnServer(cluster, port, options);
    try {
      await untilReady(cluster, child);
      return { child, port };
    } catch (error) {
      await end(child, "QUIT");
      const taken = errorMessage(error).includes("Address already in use");
      if (!taken || options.port !== undefined || attempt === startTries) throw error;
    }
  }
}

async function spawnServer(cluster: Cluster, port: number, options: PostgresOptions): Promise<ChildProcess> {
  const settings = {
    ...replicationSettings,
    ...(options.persistent === true ? {} : unsafeSettings),
    listen_addresses: host,
    port: String(port),
    unix_socket_directories: "",
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const log = await open(cluster.log, "a");
  // A group of its own: Ctrl-C in a terminal must not end the server before its users.
  const child = spawn(cluster.binaries.postgres, ["-D", cluster.data, ...flags], {
    ...cluster.user,
    cwd: path.dirname(cluster.data),
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  if (child.pid !== undefined) writeFileSync(cluster.pidFile, String(child.pid));
  try {
    await once(child, "spawn");
  } finally {
    await log.close();
  }
  child.unref();
  return child;
}

/** The eighth line of postmaster.pid tells the state, as it does to pg_ctl. */
async function untilReady(cluster: Cluster, child: ChildProcess): Promise<void> {
  const file = path.join(cluster.data, "postmaster.pid");
  for (;;) {
    if (hasEnded(child)) throw new Error(`PostgreSQL did not start:\n${await logTail(cluster)}`);
    if (existsSync(file)) {
      const lines = (await readFile(file, "utf8")).split("\n");
      if (lines[0] === String(child.pid) && lines[7]?.trim() === "ready") return;
    }
    await sleep(10);
  }
}

async function end(child: ChildProcess, signal: "INT" | "QUIT"): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const exit = once(child, "exit");
  child.kill(`SIG${signal}`);
  await exit;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** What is left to do once no server runs. */
async function cleanUp(cluster: Cluster, guard: Guard): Promise<void> {
  await rm(cluster.pidFile, { force: true });
  for (const folder of cluster.temporary) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  guard.dismiss();
}

async function logTail(cluster: Cluster): Promise<string> {
  return (await readFile(cluster.log, "utf8")).split("\n").slice(-20).join("\n");
}
