import type { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { assert } from "@freshet/base";
import type { ByteWriter } from "@freshet/values";

/** Below this the parts of one batch are joined by copying; above, they are written as they are. */
const JOIN_BYTES = 32_768;
/** Parts up to this size are copied behind each other as they come. */
const SMALL_BYTES = 2048;
/** Memory for them is taken in pieces of this size; what was written to a socket is not used again. */
const ARENA_BYTES = 65_536;
/** Up to this length a byte loop beats native calls. */
const LOOP_BYTES = 48;

const NOTHING: Buffer = Buffer.alloc(0);

/** The piece that all batches take turns on: a session that sends nothing holds none. Its first `filled` bytes are in use. */
let arena: Buffer = NOTHING;
let filled = 0;

function renewArena(): void {
  arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  filled = 0;
}

function append(source: Buffer, start: number, end: number): void {
  let at = filled;
  filled = at + end - start;
  if (end - start > LOOP_BYTES) source.copy(arena, at, start, end);
  else for (let from = start; from < end; from++) arena[at++] = source[from] as number;
}

/** Collects what one turn sends to a socket, so that it leaves in one write. Neighbouring ranges of one buffer stay one part. */
export class OutputBatch {
  #socket: Duplex | null;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** The part that still grows is `buffer[start, end)`. */
  #buffer: Buffer = NOTHING;
  #start = 0;
  #end = 0;

  constructor(socket: Duplex | null) {
    this.#socket = socket;
  }

  /** What comes from now on goes there; null: nowhere, and nothing may come. */
  redirect(socket: Duplex | null): void {
    assert(
      this.#parts.length === 0 && this.#end === this.#start,
      "what was collected for a socket has been sent there",
    );
    this.#socket = socket;
  }

  /** Adds `buffer[start, end)`, which must not change until it is sent. */
  range(buffer: Buffer, start: number, end: number): void {
    if (this.#buffer === buffer && this.#end === start) {
      this.#end = end;
      return;
    }
    // What is alone in its batch need not be copied.
    if (this.#end > this.#start && end - start <= SMALL_BYTES) {
      this.#copy(buffer, start, end);
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

  /** Adds bytes that are given as the characters of a string. */
  latin1(bytes: string): void {
    const { length } = bytes;
    if (length > SMALL_BYTES) {
      this.message(Buffer.from(bytes, "latin1"));
      return;
    }
    const at = this.#reserve(length);
    arena.write(bytes, at, "latin1");
  }

  /** Adds what a writer holds. */
  written(bytes: ByteWriter): void {
    if (bytes.length > SMALL_BYTES) this.message(bytes.take());
    else {
      const at = this.#reserve(bytes.length);
      bytes.copyTo(arena, at);
    }
  }

  /** Makes room in the arena, behind the part that grows; where it is. */
  #reserve(length: number): number {
    if (filled + length > arena.length) renewArena();
    if (this.#buffer !== arena || this.#end !== filled) {
      this.#closeRange();
      this.#buffer = arena;
      this.#start = filled;
    }
    const at = filled;
    filled += length;
    this.#end = filled;
    return at;
  }

  /** Bytes that the socket holds because its peer does not read. */
  get backlog(): number {
    return this.#socket?.writableLength ?? 0;
  }

  /** Whether the socket asks to wait for `drain`. */
  get congested(): boolean {
    return this.#socket?.writableNeedDrain ?? false;
  }

  /** Resolves, at a later turn of the event loop, when the socket asks for more, is closed, or `signal` is aborted. */
  async taken(signal: AbortSignal): Promise<void> {
    await turn();
    const socket = this.#socket;
    if (socket === null || !socket.writableNeedDrain || socket.destroyed || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off("drain", done).off("close", done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      socket.on("drain", done).on("close", done);
      signal.addEventListener("abort", done);
    });
  }

  flush(): void {
    this.#closeRange();
    const parts = this.#parts;
    if (parts.length === 0) return;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    const socket = this.#socket;
    assert(socket !== null, "without a connection nothing is sent");
    if (!socket.writable) return;
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      socket.write(only);
    } else if (bytes <= JOIN_BYTES) {
      socket.write(Buffer.concat(parts, bytes));
    } else {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    }
  }

  /** Copies a small part to the arena, behind the one that grows: that one, too, where it is small. */
  #copy(buffer: Buffer, start: number, end: number): void {
    const [first, from, to] = [this.#buffer, this.#start, this.#end];
    const grows = first === arena && to === filled;
    const moved = !grows && to - from <= SMALL_BYTES;
    if (filled + (moved ? to - from : 0) + end - start > arena.length) {
      renewArena();
      this.#copy(buffer, start, end);
      return;
    }
    if (!grows) {
      if (!moved) this.#closeRange();
      this.#buffer = arena;
      this.#start = filled;
      if (moved) append(first, from, to);
    }
    append(buffer, start, end);
    this.#end = filled;
  }

  #closeRange(): void {
    const [buffer, start, end] = [this.#buffer, this.#start, this.#end];
    this.#buffer = NOTHING;
    this.#start = 0;
    this.#end = 0;
    if (end === start) return;
    this.#parts.push(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end));
    this.#bytes += end - start;
  }
}
