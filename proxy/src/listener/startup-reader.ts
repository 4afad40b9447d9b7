import type { Duplex } from "node:stream";
import { type StartupPacket, decodeStartupPacket, protocolViolation, startupPacketSize } from "@freshet/wire";

/** A client's startup packet as sent, decoded, and what followed it in the same chunk. */
export interface Startup {
  readonly packet: Buffer;
  readonly decoded: Exclude<StartupPacket, { kind: "ssl-request" } | { kind: "gssenc-request" }>;
  readonly early: Buffer;
}

const REFUSED = Buffer.from("N");

/**
 * Reads a connection up to its startup or cancel packet. Requests for encryption are answered `N`, each
 * at most once; bytes behind one were sent in the hope that they pass as encrypted, and end the connection.
 */
export class StartupReader {
  readonly #client: Duplex;
  readonly #done: (outcome: Startup | Error) => void;
  readonly #refused = new Set<string>();
  #bytes: Buffer = Buffer.alloc(0);
  readonly #onData = (chunk: Buffer): void => this.#data(chunk);

  constructor(client: Duplex, done: (outcome: Startup | Error) => void) {
    this.#client = client;
    this.#done = done;
  }

  start(): void {
    this.#client.on("data", this.#onData);
  }

  #data(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    try {
      const size = startupPacketSize(this.#bytes);
      if (size === null || this.#bytes.length < size) return;
      const packet = this.#bytes.subarray(0, size);
      const early = this.#bytes.subarray(size);
      this.#bytes = Buffer.alloc(0);
      this.#packet(packet, decodeStartupPacket(packet), early);
    } catch (thrown) {
      this.#finish(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #packet(packet: Buffer, decoded: StartupPacket, early: Buffer): void {
    if (decoded.kind === "startup" || decoded.kind === "cancel-request") {
      this.#finish({ packet, decoded, early });
      return;
    }
    if (early.length > 0) throw protocolViolation("received unencrypted data after an encryption request");
    if (this.#refused.has(decoded.kind)) throw protocolViolation("an encryption request was repeated");
    this.#refused.add(decoded.kind);
    this.#client.write(REFUSED);
  }

  #finish(outcome: Startup | Error): void {
    this.#client.pause();
    this.#client.off("data", this.#onData);
    this.#done(outcome);
  }
}
