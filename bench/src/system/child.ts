import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { sleep } from "@freshet/base";

const STOP_LIMIT_MS = 20_000;

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Takes standard output and error. */
  readonly log: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** A server in a process of its own. */
export class Child {
  readonly #process: ChildProcess;
  readonly #log: string;
  readonly pid: number;

  private constructor(process: ChildProcess, pid: number, log: string) {
    this.#process = process;
    this.pid = pid;
    this.#log = log;
  }

  static async start({ command, args, log, environment, user }: ChildOptions): Promise<Child> {
    const file = await open(log, "a");
    try {
      const child = spawn(command, args, { stdio: ["ignore", file.fd, file.fd], env: environment, ...user });
      await once(child, "spawn");
      if (child.pid === undefined) throw new Error(`${command} has no process id`);
      return new Child(child, child.pid, log);
    } finally {
      await file.close();
    }
  }

  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Resolves when `check` does so with true; rejects with the log's end when the process is gone. */
  async until(check: () => Promise<boolean>, what: string, limitMs: number, intervalMs = 5): Promise<void> {
    for (let waited = 0; waited < limitMs; waited += intervalMs) {
      if (this.ended) throw new Error(`${what}: the process has ended\n${await this.logTail()}`);
      if (await check()) return;
      await sleep(intervalMs);
    }
    throw new Error(`${what}: not after ${limitMs} ms\n${await this.logTail()}`);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.ended) return;
    const exit = once(this.#process, "exit");
    this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_LIMIT_MS);
    await exit;
    clearTimeout(timer);
  }

  stop(): Promise<void> {
    return this.end("SIGTERM");
  }

  async logTail(): Promise<string> {
    return (await readFile(this.#log, "utf8")).split("\n").slice(-20).join("\n");
  }
}
