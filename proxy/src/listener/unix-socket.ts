import { chmod, unlink } from "node:fs/promises";
import { type Server, createConnection } from "node:net";
import { join } from "node:path";
import { FreshetError, SqlState } from "@freshet/base";

export interface UnixSocketSettings {
  readonly directory: string;
  /** The number in the socket's name. */
  readonly port: number;
  readonly mode: number;
}

/** The path by which libpq finds the socket of a port. */
export function unixSocketPath(directory: string, port: number): string {
  return join(directory, `.s.PGSQL.${port}`);
}

/** Listens on a Unix socket. A socket that nobody listens on is a leftover and is replaced; one that answers is refused. */
export async function listenOnUnixSocket(server: Server, settings: UnixSocketSettings): Promise<string> {
  const path = unixSocketPath(settings.directory, settings.port);
  try {
    await listen(server, path);
  } catch (thrown) {
    if (!isInUse(thrown)) throw thrown;
    if (await answers(path)) {
      throw new FreshetError(SqlState.objectInUse, `another server listens on "${path}"`, { cause: thrown });
    }
    await unlink(path);
    await listen(server, path);
  }
  await chmod(path, settings.mode);
  return path;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function isInUse(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE";
}

/** Whether somebody accepts on the path; only ECONNREFUSED says that nobody does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => resolve(!("code" in error && error.code === "ECONNREFUSED")));
  });
}
