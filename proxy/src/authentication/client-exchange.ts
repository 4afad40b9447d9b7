import type { Duplex } from "node:stream";
import { type MessageScanner, loginScanner } from "@freshet/wire";

/** A client's side of a login that Freshet itself conducts: messages one by one, nothing read ahead. */
export class ClientExchange {
  readonly #client: Duplex;
  readonly #scanner: MessageScanner = loginScanner();
  #wake: () => void = () => undefined;
  #gone = false;
  readonly #onData = (chunk: Buffer): void => {
    this.#scanner.push(chunk);
    this.#client.pause();
    this.#wake();
  };
  readonly #onGone = (): void => {
    this.#gone = true;
    this.#wake();
  };

  /** `early`: bytes that followed the startup packet. */
  constructor(client: Duplex, early: Buffer) {
    this.#client = client;
    // The end may have come already, and is not told again.
    this.#gone = client.readableEnded || client.destroyed;
    if (early.length > 0) this.#scanner.push(early);
    client.on("data", this.#onData).on("end", this.#onGone).on("close", this.#onGone);
    client.pause();
  }

  get gone(): boolean {
    return this.#gone;
  }

  send(...messages: readonly Buffer[]): void {
    if (this.#client.writable) this.#client.write(Buffer.concat(messages));
  }

  /** The client's next message, with its header; null when it has gone. Throws a protocol violation. */
  async receive(): Promise<Buffer | null> {
    while (!this.#scanner.advance()) {
      if (this.#gone) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#client.resume();
      });
    }
    return Buffer.from(this.#scanner.buffer.subarray(this.#scanner.start, this.#scanner.end));
  }

  /** The client's stream is the caller's again; returns what has come and not been looked at. */
  finish(): Buffer {
    this.#client.off("data", this.#onData).off("end", this.#onGone).off("close", this.#onGone);
    return this.#scanner.takeRest();
  }
}
