import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NO_UPSTREAM_TLS, type UpstreamTlsSettings } from "../tls/upstream-tls.ts";
import type { UpstreamAddress } from "./address.ts";
import { relayCancel } from "./cancel.ts";
import { connectUpstream } from "./connect.ts";
import { UpstreamStream } from "./upstream-stream.ts";

/** The upstream as everybody reaches it: where it is, how connections to it are encrypted, how long one may take. */
export class UpstreamServer {
  readonly address: UpstreamAddress;
  readonly #timeoutMs: number;
  readonly #tls: UpstreamTlsSettings;
  #cancelling = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(address: UpstreamAddress, timeoutMs: number, tls: UpstreamTlsSettings = NO_UPSTREAM_TLS) {
    this.address = address;
    this.#timeoutMs = timeoutMs;
    this.#tls = tls;
  }

  connect(): Promise<Socket> {
    return connectUpstream(this.address, this.#timeoutMs, this.#tls);
  }

  /** Sends a CancelRequest; a bounded number at a time, so that a storm of them takes no other connections' places. */
  async cancel(packet: Buffer): Promise<void> {
    while (this.#cancelling >= MAX_CANCELS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#cancelling++;
    try {
      await relayCancel(() => this.connect(), packet, this.#timeoutMs);
    } finally {
      this.#cancelling--;
      this.#waiting.shift()?.();
    }
  }

  /** A stream for the driver's `stream` setting; undefined where its own socket does. */
  get driverStream(): (() => Duplex) | undefined {
    const isPlain = this.#tls.mode === "disable" || this.address.host.startsWith("/");
    return isPlain ? undefined : () => new UpstreamStream(() => this.connect());
  }
}

const MAX_CANCELS = 16;
