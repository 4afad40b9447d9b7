import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { type Server, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FreshetError, SqlState } from "@freshet/base";

/**
 * Keeps a data folder to one process: a socket in it that is listened on for as long as the process
 * lives. A socket file that nobody answers on was left by a process that died.
 */
export class DataLock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async acquire(folder: string): Promise<DataLock> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = lockPath(folder);
    if (await answers(path)) {
      throw new FreshetError(SqlState.objectInUse, `the data folder "${folder}" is in use by another Freshet`, {
        hint: "Stop the other one, or give this one a folder of its own with --data.",
      });
    }
    rmSync(path, { force: true });
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.on("error", (thrown) => {
        reject(
          new FreshetError(SqlState.configFileError, `the data folder "${folder}" cannot be used`, {
            detail: thrown.message,
            cause: thrown,
          }),
        );
      });
      // In a supervised process a path would be shared with the others.
      server.listen({ path, exclusive: true }, resolve);
    });
    return new DataLock(server);
  }

  release(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/** Longest socket path that every system takes. */
const MAX_SOCKET_PATH = 100;

function lockPath(folder: string): string {
  const real = realpathSync(folder);
  const path = join(real, "lock.sock");
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  return join(tmpdir(), `freshet-${createHash("sha256").update(real).digest("hex").slice(0, 32)}.sock`);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
