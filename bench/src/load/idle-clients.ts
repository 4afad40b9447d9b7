import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type Socket, createConnection } from "node:net";
import type { Connection } from "@freshet/postgres";
import {
  BackendType,
  NEWEST_PROTOCOL_VERSION,
  backendScanner,
  decodeErrorFields,
  encodeQuery,
  encodeStartupMessage,
} from "@freshet/wire";

/** How many log in at the same time. */
const AT_ONCE = 50;
/** Files that the process needs beside the clients' sockets. */
const OTHER_FILES = 500;

/** Clients that log in without a password, run one statement and then stay: bare sockets, so that thousands fit in this process. */
export class IdleClients {
  readonly #server: Connection;
  readonly #sockets: Socket[] = [];
  #failure: Error | null = null;

  constructor(server: Connection) {
    this.#server = server;
  }

  get count(): number {
    return this.#sockets.length;
  }

  /** Rejects when one is not let in, or has been thrown out since. */
  async grow(count: number): Promise<void> {
    while (this.count < count)
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - this.count) }, () => this.#open()));
    this.check();
  }

  /** Throws when a client has lost its connection. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Each runs one more statement. */
  async use(): Promise<void> {
    for (let first = 0; first < this.count; first += AT_ONCE)
      await Promise.all(this.#sockets.slice(first, first + AT_ONCE).map((socket) => runOne(socket)));
    this.check();
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) {
      socket.removeAllListeners("close");
      socket.destroy();
    }
  }

  async #open(): Promise<void> {
    const { host, port, user, database } = this.#server;
    const socket = createConnection({ host, port });
    await once(socket, "connect");
    const parameters = new Map(Object.entries({ user, database, application_name: "idle" }));
    const ready = untilReady(socket);
    socket.write(encodeStartupMessage(NEWEST_PROTOCOL_VERSION, parameters));
    await ready;
    await runOne(socket);
    socket.once("close", () => {
      this.#failure ??= new Error("an idle client has lost its connection");
    });
    this.#sockets.push(socket);
  }
}

async function runOne(socket: Socket): Promise<void> {
  const ready = untilReady(socket);
  socket.write(encodeQuery("SELECT 1"));
  await ready;
}

function untilReady(socket: Socket): Promise<void> {
  const scanner = backendScanner();
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null): void => {
      socket.off("data", onData).off("close", onClose);
      if (error === null) resolve();
      else reject(error);
    };
    const onClose = (): void => settle(new Error("the server has closed the connection"));
    const onData = (chunk: Buffer): void => {
      scanner.push(chunk);
      while (scanner.advance()) {
        const { type, buffer, start, end } = scanner;
        if (type === BackendType.errorResponse)
          settle(new Error(decodeErrorFields(buffer, start, end).get("M") ?? "an error"));
        if (type === BackendType.readyForQuery) settle(null);
      }
    };
    socket.on("data", onData).on("close", onClose);
  });
}

/** How many clients this process, and one like it, may hold. */
export async function mostClients(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8");
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1] ?? "1024";
  return soft === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(soft) - OTHER_FILES;
}
