import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { now } from "@freshet/base";
import { freePort } from "@freshet/postgres";
import type { Connection } from "@freshet/postgres";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const program = path.join(repository, "proxy/bin/freshet.js");
const startTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
const outputLimit = 64 * 1024;

export interface FreshetProcessOptions {
  readonly upstream: Connection & { readonly url: string };
  readonly instance: string;
  readonly flags?: readonly string[];
}

/** The built program as a child process, on ports and with a data directory of its own, which outlive restarts. */
export class FreshetProcess {
  readonly #options: FreshetProcessOptions;
  readonly #data: string;
  readonly #port: number;
  readonly #adminPort: number;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(options: FreshetProcessOptions, data: string, port: number, adminPort: number) {
    this.#options = options;
    this.#data = data;
    this.#port = port;
    this.#adminPort = adminPort;
  }

  static async start(options: FreshetProcessOptions): Promise<FreshetProcess> {
    requireBuild();
    const data = await mkdtemp(path.join(tmpdir(), "freshet-data-"));
    const freshet = new FreshetProcess(options, data, await freePort(), await freePort());
    try {
      await freshet.launch();
    } catch (error) {
      await freshet.remove();
      throw error;
    }
    return freshet;
  }

  /** How a client logs in through the proxy. */
  get connection(): Connection {
    return { ...this.#options.upstream, host: "127.0.0.1", port: this.#port };
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.#adminPort}`;
  }

  get dataDirectory(): string {
    return this.#data;
  }

  /** The end of what all its runs have written to standard output and standard error. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child !== undefined && !hasEnded(this.#child);
  }

  /** Starts the program and waits until it is healthy. */
  async launch(): Promise<void> {
    const { upstream, instance, flags = [] } = this.#options;
    const listen = ["--listen", `127.0.0.1:${this.#port}`, "--admin", `127.0.0.1:${this.#adminPort}`];
    const args = [
      program,
      "--upstream",
      upstream.url,
      ...listen,
      "--data",
      this.#data,
      "--instance",
      instance,
      ...flags,
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-outputLimit);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    await this.#until(child, "healthz");
  }

  /** Asks it to end and waits; a program that does not end in time, or badly, is an error. */
  async terminate(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || hasEnded(child)) return;
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    const [code, signal]: unknown[] = await exit;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`freshet ended with ${String(code ?? signal)} after SIGTERM:\n${this.#output}`);
  }

  signal(signal: "SIGHUP" | "SIGUSR2"): void {
    this.#child?.kill(signal);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || hasEnded(child)) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  /** Kills it if it still runs, and removes its data. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#data, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Waits until every cache is caught up. */
  async untilReady(): Promise<void> {
    if (this.#child === undefined) throw new Error("freshet is not running");
    await this.#until(this.#child, "readyz");
  }

  async #until(child: ChildProcess, page: "healthz" | "readyz"): Promise<void> {
    const deadline = now() + startTimeoutMs;
    for (;;) {
      const problem = await this.#problem(page);
      if (problem === undefined) return;
      if (hasEnded(child)) throw new Error(`freshet ended before ${page} was well:\n${this.#output}`);
      if (now() > deadline) throw new Error(`freshet's ${page} still says ${problem}:\n${this.#output}`);
      await sleep(10);
    }
  }

  /** What the page complains about; undefined when all is well. */
  async #problem(page: "healthz" | "readyz"): Promise<string | undefined> {
    try {
      const response = await fetch(`${this.adminUrl}/${page}`);
      const text = await response.text();
      return response.ok ? undefined : text.trim();
    } catch (error) {
      if (error instanceof TypeError) return "nothing, for nobody listens";
      throw error;
    }
  }
}

/** Tests of a program that was built before the last change would say nothing. */
function requireBuild(): void {
  const built = modified("proxy/dist/bundle/freshet.js");
  const sources = [
    "packages/base",
    "packages/values",
    "packages/sql",
    "packages/store",
    "replicator",
    "engine",
    "proxy",
  ];
  if (built === 0 || sources.some((folder) => modified(`${folder}/tsconfig.tsbuildinfo`) > built))
    throw new Error("the program is not built: run npm run build first");
}

/** When a file of the repository was written, in ms; 0: there is none. */
function modified(file: string): number {
  return statSync(path.join(repository, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
