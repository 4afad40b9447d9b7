import { once } from "node:events";
import { createServer, Socket } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { withClient } from "@freshet/postgres";
import type { Connection } from "@freshet/postgres";
import { OfferLedger } from "./offer-ledger.ts";
import type { Offers } from "./offer-ledger.ts";
import { OfferingConversation } from "./offering-conversation.ts";

/** Stands between psql and Freshet: each SELECT outside a transaction block is first offered to CREATE CACHE, then passed on unchanged. */
export class OfferingRelay {
  readonly #server: Server;
  readonly #target: Connection;
  readonly #hits: () => Promise<number>;
  readonly #budgetMs: number;
  readonly #sockets = new Set<Socket>();
  #ledger: OfferLedger;
  #hitsBefore = 0;

  private constructor(target: Connection, hits: () => Promise<number>, budgetMs: number) {
    this.#target = target;
    this.#hits = hits;
    this.#budgetMs = budgetMs;
    this.#ledger = new OfferLedger(budgetMs);
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** `hits` tells how many statements Freshet has answered; `budgetMs` is how long the offers of one file may take together. */
  static async start(target: Connection, hits: () => Promise<number>, budgetMs: number): Promise<OfferingRelay> {
    const relay = new OfferingRelay(target, hits, budgetMs);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get connection(): Connection {
    return { ...this.#target, host: "127.0.0.1", port: (this.#server.address() as AddressInfo).port };
  }

  /** The offers since the last call; the caches they made are dropped. */
  async finishFile(): Promise<Offers> {
    const hits = await this.#hits();
    const offers = this.#ledger.counts(hits - this.#hitsBefore);
    this.#hitsBefore = hits;
    if (offers.cached > 0) await this.#dropCaches();
    this.#ledger = new OfferLedger(this.#budgetMs);
    return offers;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #dropCaches(): Promise<void> {
    await withClient(this.#target, (client) => client.query("DROP ALL CACHES"));
  }

  #accept(client: Socket): void {
    const upstream = new Socket();
    upstream.connect(this.#target.port, this.#target.host);
    const conversation = new OfferingConversation(client, upstream, this.#ledger, () => this.#dropCaches());
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      // Either side's end, orderly or not, ends the other.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        conversation.ended();
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on("data", (chunk: Buffer) => conversation.fromUpstream(chunk));
    client.on("data", (chunk: Buffer) => conversation.fromClient(chunk));
    upstream.on("end", () => client.end());
    client.on("end", () => conversation.clientEnded());
  }
}
