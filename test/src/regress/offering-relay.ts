import { once } from "node:events";
import { createServer, Socket } from "node:net";
import type { AddressInfo, Server } from "node:net";
import type { Connection } from "@freshet/postgres";
import { RawClient } from "../harness/raw-client.ts";

const queryType = 0x51;

/** How many SELECTs a relay saw, and how many of them became caches. */
export interface Offers {
  readonly seen: number;
  readonly cached: number;
}

/**
 * Stands between psql and Freshet: each SELECT outside a transaction block is first offered to CREATE CACHE on another connection, then
 * passed on unchanged.
 */
export class OfferingRelay {
  readonly #server: Server;
  readonly #target: Connection;
  readonly #sockets = new Set<Socket>();
  #client: RawClient | undefined;
  #offering: Promise<void> = Promise.resolve();
  #seen = 0;
  #cached = 0;

  private constructor(target: Connection) {
    this.#target = target;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(target: Connection): Promise<OfferingRelay> {
    const relay = new OfferingRelay(target);
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get connection(): Connection {
    return { ...this.#target, host: "127.0.0.1", port: (this.#server.address() as AddressInfo).port };
  }

  /** The offers since the last call; the caches they made are dropped. */
  async finishFile(): Promise<Offers> {
    const offers = { seen: this.#seen, cached: this.#cached };
    this.#seen = 0;
    this.#cached = 0;
    await this.#offering;
    if (offers.cached > 0) await (await this.#connected()).simple("DROP ALL CACHES");
    return offers;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await this.#client?.end();
  }

  #accept(client: Socket): void {
    const upstream = new Socket();
    upstream.connect(this.#target.port, this.#target.host);
    const conversation = new Conversation((text) => this.#offer(text));
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      // Either side's end, orderly or not, ends the other.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on("data", (chunk: Buffer) => {
      conversation.noteStatus(chunk);
      client.write(chunk);
    });
    client.on("data", (chunk: Buffer) => conversation.pass(chunk, upstream));
    upstream.on("end", () => client.end());
    client.on("end", () => conversation.whenPassed(() => upstream.end()));
  }

  #offer(text: string): Promise<void> {
    this.#seen += 1;
    this.#offering = this.#offering.then(async () => {
      const client = await this.#connected();
      const reply = await client.simple(`CREATE CACHE FROM ${text}`);
      if (reply.error === undefined) this.#cached += 1;
    });
    return this.#offering;
  }

  async #connected(): Promise<RawClient> {
    return (this.#client ??= await RawClient.connect(this.#target));
  }
}

/** One client's messages in their order, a Query held back while its text is offered. */
class Conversation {
  readonly #offer: (text: string) => Promise<void>;
  #started = false;
  #idle = false;
  #pending: Buffer = Buffer.alloc(0);
  #passing: Promise<void> = Promise.resolve();

  constructor(offer: (text: string) => Promise<void>) {
    this.#offer = offer;
  }

  /** A simple query's answer ends with ReadyForQuery, so its last bytes tell the transaction's state. */
  noteStatus(chunk: Buffer): void {
    const end = chunk.subarray(-6);
    if (end.length === 6 && end[0] === 0x5a && end.readUInt32BE(1) === 5) this.#idle = end[5] === 0x49;
  }

  pass(chunk: Buffer, upstream: Socket): void {
    this.#passing = this.#passing.then(async () => {
      this.#pending = Buffer.concat([this.#pending, chunk]);
      await this.#passWhole(upstream);
    });
  }

  whenPassed(then: () => void): void {
    void this.#passing.then(then);
  }

  async #passWhole(upstream: Socket): Promise<void> {
    for (;;) {
      const header = this.#started ? 5 : 4;
      if (this.#pending.length < header) return;
      const length = this.#pending.readUInt32BE(header - 4) + header - 4;
      if (this.#pending.length < length) return;
      const message = this.#pending.subarray(0, length);
      this.#pending = this.#pending.subarray(length);
      if (this.#started && message[0] === queryType) await this.#offerSelect(message);
      // A StartupMessage of protocol 3; a request for encryption is followed by another first message.
      if (!this.#started) this.#started = message.readUInt16BE(4) === 3;
      upstream.write(message);
    }
  }

  async #offerSelect(message: Buffer): Promise<void> {
    const text = message.toString("utf8", 5, message.length - 1);
    if (this.#idle && /^\s*(?:select|with|values|table)\b/i.test(text) && !/;\s*\S/.test(text)) await this.#offer(text);
  }
}
