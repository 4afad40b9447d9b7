import type { Socket } from "node:net";
import { type StartupPacket, decodeStartupPacket, protocolViolation, startupPacketSize } from "@freshet/wire";
import type { ClientTls, Encryption } from "../tls/client-tls.ts";
import { ALPN } from "../tls/client-tls.ts";

/** A client's startup packet as sent, decoded, and what followed it in the same chunk. */
export interface Startup {
  /** The client's socket: inside TLS when that was agreed on. Paused. */
  readonly socket: Socket;
  /** Null: plain text. */
  readonly encryption: Encryption | null;
  readonly packet: Buffer;
  readonly decoded: Exclude<StartupPacket, { kind: "ssl-request" } | { kind: "gssenc-request" }>;
  readonly early: Buffer;
}

const REFUSED = Buffer.from("N");
const ACCEPTED = Buffer.from("S");
/** The first byte of a TLS handshake; no startup packet can begin with it, since its length would be over the limit. */
const TLS_HANDSHAKE = 0x16;

export interface NegotiationEvents {
  /** TLS has begun: the socket to close, to watch and to answer on is this one. */
  encrypted(socket: Socket): void;
  done(startup: Startup): void;
  /** Nothing can be made of what the client sends. `tell`: whether it may be told so in the protocol's form. */
  failed(error: Error, tell: boolean): void;
}

/**
 * Reads a connection up to its startup or cancel packet. SSLRequest and GSSENCRequest are answered, each at most once; GSS encryption is
 * declined. Bytes behind such a request were sent in the hope that they pass as encrypted: they end the connection
 * (CVE-2021-23214). TLS may also begin at once, with ALPN.
 */
export class StartupNegotiation {
  readonly #tls: ClientTls | null;
  readonly #events: NegotiationEvents;
  readonly #answered = new Set<string>();
  #socket: Socket;
  #encryption: Encryption | null = null;
  #bytes: Buffer = Buffer.alloc(0);
  #untouched = true;
  readonly #onData = (chunk: Buffer): void => this.#data(chunk);
  readonly #onEnd = (): void => {
    this.#detach();
    this.#events.failed(protocolViolation("the client has left before its startup packet"), false);
  };

  /** `tls`: null where it is not offered. */
  constructor(socket: Socket, tls: ClientTls | null, events: NegotiationEvents) {
    this.#socket = socket;
    this.#tls = tls;
    this.#events = events;
  }

  start(): void {
    this.#socket.on("data", this.#onData);
    this.#socket.on("end", this.#onEnd);
  }

  #data(chunk: Buffer): void {
    if (this.#untouched && chunk[0] === TLS_HANDSHAKE) {
      this.#beginDirectly(chunk);
      return;
    }
    this.#untouched = false;
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    try {
      const size = startupPacketSize(this.#bytes);
      if (size === null || this.#bytes.length < size) return;
      const packet = this.#bytes.subarray(0, size);
      const early = this.#bytes.subarray(size);
      this.#bytes = Buffer.alloc(0);
      this.#packet(packet, decodeStartupPacket(packet), early);
    } catch (thrown) {
      this.#detach();
      this.#events.failed(thrown instanceof Error ? thrown : new Error(String(thrown)), true);
    }
  }

  #packet(packet: Buffer, decoded: StartupPacket, early: Buffer): void {
    if (decoded.kind === "startup" || decoded.kind === "cancel-request") {
      this.#detach();
      this.#events.done({ socket: this.#socket, encryption: this.#encryption, packet, decoded, early });
      return;
    }
    if (early.length > 0) throw protocolViolation("received unencrypted data after an encryption request");
    if (this.#encryption !== null || this.#answered.has(decoded.kind))
      throw protocolViolation("an encryption request was repeated");
    this.#answered.add(decoded.kind);
    if (decoded.kind === "gssenc-request" || this.#tls === null) {
      this.#socket.write(REFUSED);
      return;
    }
    this.#detach();
    this.#socket.write(ACCEPTED);
    this.#upgrade(this.#tls, false);
  }

  #beginDirectly(chunk: Buffer): void {
    this.#detach();
    if (this.#tls === null) {
      this.#events.failed(protocolViolation("TLS is not offered"), false);
      return;
    }
    this.#socket.unshift(chunk);
    this.#upgrade(this.#tls, true);
  }

  #upgrade(tls: ClientTls, direct: boolean): void {
    tls.upgrade(this.#socket, ({ socket, encryption }) => {
      this.#socket = socket;
      this.#encryption = encryption;
      this.#untouched = false;
      this.#events.encrypted(socket);
      // Without ALPN a browser's request could be taken for one of PostgreSQL's (as PostgreSQL itself says).
      if (direct && socket.alpnProtocol !== ALPN)
        this.#events.failed(
          protocolViolation("received direct SSL connection request without ALPN protocol negotiation extension"),
          true,
        );
      else this.start();
    });
  }

  #detach(): void {
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
  }
}
