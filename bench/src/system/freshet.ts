import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { environment, now } from "@freshet/base";
import { type Connection, freePort } from "@freshet/postgres";
import { Child } from "./child.ts";
import { type SqlClient, openSql } from "./sql-client.ts";
import type { Upstream } from "./upstream.ts";

const program = fileURLToPath(new URL("../../../proxy/bin/freshet.js", import.meta.url));
const READY_LIMIT_MS = 120_000;

/** The built Freshet in a process of its own, in front of the upstream. */
export class Freshet implements Connection {
  readonly host: string = "127.0.0.1";
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly #upstream: Upstream;
  readonly #instance: string;
  readonly #adminPort: number;
  readonly #folder: string;
  #child: Child | null = null;
  #stopped = false;
  #more: readonly string[] = [];
  #sql: SqlClient | null = null;

  private constructor(upstream: Upstream, instance: string, folder: string, port: number, adminPort: number) {
    this.#upstream = upstream;
    this.user = upstream.user;
    this.password = upstream.password;
    this.database = upstream.database;
    this.#instance = instance;
    this.#folder = folder;
    this.port = port;
    this.#adminPort = adminPort;
  }

  /** `more`: makes further options; files that they name may lie in the folder that it is given. */
  static async start(
    upstream: Upstream,
    instance: string,
    more?: (folder: string) => Promise<readonly string[]>,
  ): Promise<Freshet> {
    const folder = await mkdtemp(join(tmpdir(), "freshet-bench-data-"));
    const freshet = new Freshet(upstream, instance, folder, await freePort(), await freePort());
    try {
      freshet.#more = (await more?.(folder)) ?? [];
      await freshet.launch();
    } catch (thrown) {
      await freshet.stop();
      throw thrown;
    }
    return freshet;
  }

  get pid(): number {
    return this.#running().pid;
  }

  /** Starts the process over the data that is there; resolves with the milliseconds until /readyz says so. */
  async launch(): Promise<number> {
    if (this.#stopped) throw new Error("Freshet has been stopped");
    const started = now();
    const args = [
      ["--upstream", this.#upstream.url],
      ["--listen", `${this.host}:${this.port}`],
      ["--admin", `${this.host}:${this.#adminPort}`],
      ["--data", join(this.#folder, "data")],
      ["--instance", this.#instance],
      ["--log-level", "warn"],
      this.#more,
    ].flat();
    const log = join(this.#folder, "freshet.log");
    const child = await Child.start({
      command: process.execPath,
      args: [program, ...args],
      log,
      environment: environment(),
    });
    this.#child = child;
    await child.until(() => this.#ready(), "Freshet was to become ready", READY_LIMIT_MS);
    return now() - started;
  }

  /** Ends the process and keeps its data. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.#closeSql();
    await this.#running().end(signal);
  }

  /** Freezes and thaws the process: nothing is read while changes gather upstream. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#running().signal(name);
  }

  /** A session through the proxy, kept open. */
  async sql(): Promise<SqlClient> {
    this.#sql ??= await openSql(this);
    return this.#sql;
  }

  /** How often each reason sent a statement upstream since the start of the process. */
  async missReasons(): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(`http://${this.host}:${this.#adminPort}/metrics`);
    const lines = (await response.text()).matchAll(/^freshet_misses_total\{reason="(\w+)"\} (\d+)$/gm);
    return new Map([...lines].map(([, reason = "", times]) => [reason, Number(times)]));
  }

  /** Size of the data folder on disk. */
  diskBytes(): Promise<number> {
    return folderBytes(join(this.#folder, "data"));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#closeSql();
    this.#child?.signal("SIGCONT");
    await this.#child?.stop();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #running(): Child {
    if (this.#child === null || this.#child.ended) throw new Error("Freshet does not run");
    return this.#child;
  }

  async #closeSql(): Promise<void> {
    const sql = this.#sql;
    this.#sql = null;
    await sql?.close();
  }

  async #ready(): Promise<boolean> {
    try {
      const response = await fetch(`http://${this.host}:${this.#adminPort}/readyz`);
      await response.text();
      return response.status === 200;
    } catch (thrown) {
      // Nobody listens yet.
      if (thrown instanceof TypeError) return false;
      throw thrown;
    }
  }
}

/** Blocks in use, not lengths: LMDB's files may have holes. */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).blocks * 512;
  }
  return bytes;
}
