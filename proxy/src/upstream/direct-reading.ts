import type { OnReadOpts } from "node:net";
import type { Duplex } from "node:stream";

/** Memory of a connection that only small answers come on … */
const FIRST_BYTES = 8192;
/** … and of one that has filled it. */
const MOST_BYTES = 65_536;

/**
 * Takes what has come. The bytes are good until it returns; true: they are still needed after that (a slow peer is yet to
 * be sent them), so the memory must not be read into again.
 */
export type DirectReader = (chunk: Buffer) => boolean;

const readings = new WeakMap<Duplex, DirectReading>();

/**
 * Reads a connection into memory of its own, over and over, where Node would take 64 KiB from the system for each read. As long
 * as nobody has asked for that with `readDirectly`, `data` is emitted as by any other socket.
 */
export class DirectReading {
  #socket: Duplex | null = null;
  #reader: DirectReader | null = null;
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);

  /** For `net.connect`. */
  readonly options: OnReadOpts = {
    buffer: () => this.#buffer,
    callback: (bytes) => {
      this.#read(bytes);
      return true;
    },
  };

  /** The socket that was opened with the options. */
  attach(socket: Duplex): void {
    this.#socket = socket;
    readings.set(socket, this);
  }

  set reader(reader: DirectReader) {
    this.#reader = reader;
  }

  #read(bytes: number): void {
    const buffer = this.#buffer;
    const isFull = bytes === buffer.length && bytes < MOST_BYTES;
    if (this.#reader === null) {
      this.#socket?.emit("data", Buffer.from(buffer.subarray(0, bytes)));
    } else if (this.#reader(buffer.subarray(0, bytes))) {
      this.#buffer = Buffer.allocUnsafeSlow(buffer.length);
    }
    if (isFull) this.#buffer = Buffer.allocUnsafeSlow(MOST_BYTES);
  }
}

/** Hands what comes on the connection to `reader`, instead of `data`; where it is no connection of that kind, by `data`. */
export function readDirectly(socket: Duplex, reader: DirectReader): void {
  const reading = readings.get(socket);
  if (reading === undefined) socket.on("data", reader);
  else reading.reader = reader;
}
