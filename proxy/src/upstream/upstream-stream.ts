import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { assert } from "@freshet/base";

/**
 * A connection to the upstream in the shape of the socket that the driver expects: it calls `connect` and awaits `connect`. What
 * lies below (TLS or not) is decided while it connects.
 */
export class UpstreamStream extends Duplex {
  readonly #open: () => Promise<Socket>;
  #socket: Socket | null = null;
  #wantsKeepAlive: number | null = null;

  constructor(open: () => Promise<Socket>) {
    super({ allowHalfOpen: true });
    this.#open = open;
  }

  connect(): this {
    this.#open().then(
      (socket) => this.#connected(socket),
      (thrown: unknown) => this.destroy(thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
    return this;
  }

  /** The socket below always has it. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(enable = false, initialDelay = 0): this {
    this.#wantsKeepAlive = enable ? initialDelay : null;
    this.#socket?.setKeepAlive(enable, initialDelay);
    return this;
  }

  ref(): this {
    this.#socket?.ref();
    return this;
  }

  unref(): this {
    this.#socket?.unref();
    return this;
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    assert(this.#socket !== null, "the driver writes after `connect`");
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#socket === null) done();
    else this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket?.destroy();
    done(error);
  }

  #connected(socket: Socket): void {
    if (this.destroyed) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    if (this.#wantsKeepAlive !== null) socket.setKeepAlive(true, this.#wantsKeepAlive);
    socket.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    // Whoever opened it may have paused it, and reading may have been asked for before it was there.
    socket.resume();
    this.emit("connect");
  }
}
