import type { Duplex } from "node:stream";

/** Below this the parts of one batch are joined by copying; above, they are written as they are. */
const JOIN_BYTES = 32_768;

/** Collects what one turn sends to a socket, so that it leaves in one write. Neighbouring ranges of one buffer stay one part. */
export class OutputBatch {
  readonly #socket: Duplex;
  #parts: Buffer[] = [];
  #bytes = 0;
  #buffer: Buffer | null = null;
  #start = 0;
  #end = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Adds `buffer[start, end)`, which must not change until it is sent. */
  range(buffer: Buffer, start: number, end: number): void {
    if (this.#buffer === buffer && this.#end === start) {
      this.#end = end;
      return;
    }
    this.#closeRange();
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
  }

  message(bytes: Buffer): void {
    this.range(bytes, 0, bytes.length);
  }

  /** Bytes that the socket holds because its peer does not read. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  /** Whether the socket asks to wait for `drain`. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  flush(): void {
    this.#closeRange();
    const parts = this.#parts;
    if (parts.length === 0) return;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    if (!this.#socket.writable) return;
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      this.#socket.write(only);
    } else if (bytes <= JOIN_BYTES) {
      this.#socket.write(Buffer.concat(parts, bytes));
    } else {
      this.#socket.cork();
      for (const part of parts) this.#socket.write(part);
      this.#socket.uncork();
    }
  }

  #closeRange(): void {
    if (this.#buffer === null) return;
    this.#parts.push(
      this.#start === 0 && this.#end === this.#buffer.length
        ? this.#buffer
        : this.#buffer.subarray(this.#start, this.#end),
    );
    this.#bytes += this.#end - this.#start;
    this.#buffer = null;
  }
}
