import { type Server, createServer } from "node:net";
import { type Logger, assert } from "@freshet/base";
import type { AcceptedSocket, ListenWish } from "./client-source.ts";
import { listenOnUnixSocket } from "./unix-socket.ts";

interface Listener {
  readonly servers: readonly Server[];
  readonly address: { readonly host: string; readonly port: number };
  /** Generations of processes that take clients from here. */
  readonly wantedBy: Set<number>;
}

/** The listening sockets of several generations of processes; whoever wants the same address shares one. */
export class SharedListeners {
  readonly #onClient: (socket: AcceptedSocket, isUnix: boolean) => void;
  readonly #logger: Logger;
  readonly #listeners = new Map<string, Promise<Listener>>();

  constructor(onClient: (socket: AcceptedSocket, isUnix: boolean) => void, logger: Logger) {
    this.#onClient = onClient;
    this.#logger = logger;
  }

  /** Resolves with the address; rejects when it is taken. */
  async want(generation: number, wish: ListenWish): Promise<Listener["address"]> {
    const key = JSON.stringify(wish);
    let listener = this.#listeners.get(key);
    if (listener === undefined) {
      listener = this.#listen(wish);
      this.#listeners.set(key, listener);
      listener.catch(() => this.#listeners.delete(key));
    }
    const { wantedBy, address } = await listener;
    wantedBy.add(generation);
    return address;
  }

  /** Closes what nobody else wants. */
  async release(generation: number): Promise<void> {
    for (const [key, pending] of this.#listeners) {
      const { wantedBy, servers } = await pending;
      wantedBy.delete(generation);
      if (wantedBy.size > 0) continue;
      this.#listeners.delete(key);
      for (const server of servers) server.close();
    }
  }

  async close(): Promise<void> {
    for (const pending of this.#listeners.values()) for (const server of (await pending).servers) server.close();
    this.#listeners.clear();
  }

  async #listen({ host, port, unixSocket }: ListenWish): Promise<Listener> {
    const tcp = this.#createServer(false);
    const address = await listenOnTcp(tcp, host, port);
    const servers = [tcp];
    if (unixSocket !== undefined) {
      const unix = this.#createServer(true);
      try {
        await listenOnUnixSocket(unix, { ...unixSocket, port: address.port });
      } catch (thrown) {
        tcp.close();
        throw thrown;
      }
      servers.push(unix);
    }
    return { servers, address, wantedBy: new Set() };
  }

  #createServer(isUnix: boolean): Server {
    // Nothing is read here: the first bytes are for the process that serves the client.
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
      // Whoever serves the client hears of it, too.
      socket.on("error", (error) => this.#logger.debug({ error: error.message }, "a client's connection has failed"));
      this.#onClient(socket, isUnix);
    });
    server.on("error", (error) => this.#logger.error({ error: error.message }, "the listener failed"));
    return server;
  }
}

export function listenOnTcp(
  server: Server,
  host: string,
  port: number,
): Promise<{ readonly host: string; readonly port: number }> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      assert(address !== null && typeof address === "object", "a TCP server has an address");
      resolve({ host: address.address, port: address.port });
    });
  });
}
