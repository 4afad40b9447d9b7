import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NO_UPSTREAM_TLS, type UpstreamTlsSettings } from "../tls/upstream-tls.ts";
import type { UpstreamAddress } from "./address.ts";
import type { PrimaryLocator } from "./primary-locator.ts";
import { relayCancel } from "./cancel.ts";
import { connectUpstream } from "./connect.ts";
import { UpstreamStream } from "./upstream-stream.ts";

/** The upstream as everybody reaches it: where it is, how connections to it are encrypted, how long one may take. */
export class UpstreamServer {
  readonly address: UpstreamAddress;
  readonly #timeoutMs: number;
  readonly #tls: UpstreamTlsSettings;
  readonly #locator: PrimaryLocator | null;
  #cancelling = 0;
  readonly #waiting: (() => void)[] = [];

  /** `locator`: where it is one of several hosts; null: at `address`. */
  constructor(
    address: UpstreamAddress,
    timeoutMs: number,
    tls: UpstreamTlsSettings = NO_UPSTREAM_TLS,
    locator: PrimaryLocator | null = null,
  ) {
    this.address = address;
    this.#locator = locator;
    this.#timeoutMs = timeoutMs;
    this.#tls = tls;
  }

  async connect(): Promise<Socket> {
    if (this.#locator === null) return await this.#connectTo(this.address);
    const address = await this.#locator.locate();
    try {
      return await this.#connectTo(address);
    } catch {
      // It may have moved since.
      this.#locator.suspect(address);
      return await this.#connectTo(await this.#locator.locate());
    }
  }

  /** Called when another host than before has become the one that counts. */
  onMoved(listener: () => void): void {
    this.#locator?.onMoved(listener);
  }

  /** Looks for it no more. */
  close(): void {
    this.#locator?.close();
  }

  #connectTo(address: UpstreamAddress): Promise<Socket> {
    return connectUpstream(address, this.#timeoutMs, this.#tls);
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
    const isPlain = this.#locator === null && (this.#tls.mode === "disable" || this.address.host.startsWith("/"));
    return isPlain ? undefined : () => new UpstreamStream(() => this.connect());
  }
}

const MAX_CANCELS = 16;
