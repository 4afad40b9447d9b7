import type { Duplex } from "node:stream";
import { deserialize, serialize } from "node:v8";
import { FreshetError, SqlState } from "@freshet/base";

/** Bytes in front of a message: how many it has. */
const LENGTH_BYTES = 4;
/** Beyond any answer that is kept. */
const MAX_MESSAGE_BYTES = 1 << 30;
/** What may wait for a process that does not read: then it is given up. */
const MAX_UNSENT_BYTES = 256 << 20;

/** Messages over a stream between two processes of one build: values as the structured clone has them, buffers as buffers. */
export class Frames {
  readonly #socket: Duplex;
  readonly #receive: (message: unknown) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** `receive` is called with each message; what it throws ends the connection. */
  constructor(socket: Duplex, receive: (message: unknown) => void) {
    this.#socket = socket;
    this.#receive = receive;
    socket.on("data", (chunk: Buffer) => this.#push(chunk));
  }

  send(message: unknown): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    const body = serialize(message);
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32BE(body.length);
    this.#socket.cork();
    this.#socket.write(length);
    this.#socket.write(body);
    this.#socket.uncork();
    if (this.#socket.writableLength > MAX_UNSENT_BYTES)
      this.#socket.destroy(new FreshetError(SqlState.connectionFailure, "the other process does not read"));
  }

  #push(chunk: Buffer): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    try {
      for (let message = this.#next(); message !== null; message = this.#next()) this.#receive(deserialize(message));
    } catch (thrown) {
      this.#socket.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  /** The next whole message's bytes. */
  #next(): Buffer | null {
    if (this.#pendingBytes < LENGTH_BYTES) return null;
    const head = this.#joined(LENGTH_BYTES);
    const length = head.readUInt32BE(0);
    if (length > MAX_MESSAGE_BYTES)
      throw new FreshetError(SqlState.protocolViolation, `a message of ${length} bytes between processes`);
    if (this.#pendingBytes < LENGTH_BYTES + length) return null;
    const bytes = this.#joined(LENGTH_BYTES + length);
    const rest = bytes.subarray(LENGTH_BYTES + length);
    if (rest.length === 0) this.#pending.shift();
    else this.#pending[0] = rest;
    this.#pendingBytes -= LENGTH_BYTES + length;
    return bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  }

  /** The first pending buffer, made to have at least `bytes`. */
  #joined(bytes: number): Buffer {
    const [first] = this.#pending;
    if (first !== undefined && first.length >= bytes) return first;
    const joined = Buffer.concat(this.#pending);
    this.#pending = [joined];
    return joined;
  }
}
