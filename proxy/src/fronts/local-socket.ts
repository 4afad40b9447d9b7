import { chmod, rm } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import type { Duplex } from "node:stream";

/** Connections between processes of one instance, over a Unix socket that nobody else may open. */
export interface LocalListener {
  close(): Promise<void>;
}

/** Listens at `path`, where only a leftover may be. */
export async function listenLocally(path: string, accept: (connection: Duplex) => void): Promise<LocalListener> {
  await rm(path, { force: true });
  const server = createServer(accept);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // Not by way of node:cluster: the socket is this process's alone.
    server.listen({ path, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  await chmod(path, 0o600);
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

export function connectLocally(path: string): Duplex {
  return createConnection({ path });
}
