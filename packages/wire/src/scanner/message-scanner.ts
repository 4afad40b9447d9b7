import { assert } from "@freshet/base";
import { HEADER_BYTES } from "../message-types.ts";
import { protocolViolation } from "../protocol-violation.ts";

const EMPTY = Buffer.alloc(0);
/** What a message that is put together begins with. */
const LEAST_PART = 512;

export interface ScannerOptions {
  /** Longest message (its length word's value); PostgreSQL's own limit is 1 GiB - 1. */
  readonly maxLength: number;
  /** Whether a message of this type and whole size is put together before it is delivered. */
  readonly isWhole: (type: number, bytes: number) => boolean;
  /** A message that is not whole is delivered in pieces, the first of at least this size (or all of it). */
  readonly prefixBytes: number;
}

/**
 * Splits a byte stream into messages without decoding them. Used as a cursor: `push` a chunk, then
 * `advance` until it returns false; after each true the fields describe one piece of one message.
 * Pieces are views on the chunk; only what spans chunks and must be whole is copied.
 */
export class MessageScanner {
  /** Type byte of the present message. */
  type = 0;
  /** Size of the whole present message, with type and length. */
  size = 0;
  /** The piece is `buffer[start, end)`. */
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** Whether the piece begins and ends its message. */
  first = false;
  last = false;

  readonly #options: ScannerOptions;
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Bytes of the streamed message still to come. */
  #streaming = 0;
  /** Where a message is put together; grows as its bytes come, however many the message claims to have. */
  #part: Buffer = EMPTY;
  #partBytes = 0;
  /** Size of the message that is being put together; 0: none. */
  #assembling = 0;

  constructor(options: ScannerOptions) {
    assert(options.prefixBytes >= HEADER_BYTES, "a prefix holds at least a header");
    this.#options = options;
  }

  /** Whether bytes are held that no `advance` has delivered. */
  get buffered(): number {
    return this.#chunk.length - this.#at + this.#partBytes;
  }

  /** Memory taken for a message that is being put together. */
  get held(): number {
    return this.#part.length;
  }

  /** Whether a message has been delivered in part. */
  get streaming(): boolean {
    return this.#streaming > 0;
  }

  /** Adds bytes; the scanner keeps views on `chunk` until it is consumed, or `detach` is called. */
  push(chunk: Buffer): void {
    this.#chunk = this.#at === this.#chunk.length ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** Copies what has not been delivered: the memory of what was pushed may be used for something else. */
  detach(): void {
    this.#chunk = this.#at === this.#chunk.length ? EMPTY : Buffer.from(this.#chunk.subarray(this.#at));
    this.#at = 0;
  }

  /** Whether these bytes are what comes next, behind the present piece. */
  isNext(bytes: Buffer): boolean {
    const { length } = bytes;
    if (this.#chunk.length - this.#at < length || this.#streaming > 0 || this.#assembling > 0) return false;
    for (let index = 0; index < length; index++) if (this.#chunk[this.#at + index] !== bytes[index]) return false;
    return true;
  }

  /** Passes over whole messages that `isNext` has found; the present piece stays what it is. */
  skip(bytes: Buffer): void {
    assert(bytes.length <= this.#chunk.length - this.#at, "only what has come can be skipped");
    this.#at += bytes.length;
  }

  /** What has been pushed behind the present message, at most `limit` bytes; empty where a message has come in part. It is only looked at. */
  ahead(limit: number): Buffer {
    if (this.#streaming > 0 || this.#assembling > 0) return EMPTY;
    return this.#chunk.subarray(this.#at, this.#at + limit);
  }

  /** Takes out what has been pushed but not delivered; only while no message is delivered in part. */
  takeRest(): Buffer {
    assert(this.#streaming === 0, "the rest of a message stays with its beginning");
    const rest = Buffer.concat([this.#part.subarray(0, this.#partBytes), this.#chunk.subarray(this.#at)]);
    this.#part = EMPTY;
    this.#partBytes = 0;
    this.#assembling = 0;
    this.#chunk = EMPTY;
    this.#at = 0;
    return rest;
  }

  /** Moves to the next piece; false when more bytes are needed. Throws a protocol violation. */
  advance(): boolean {
    const available = this.#chunk.length - this.#at;
    if (available === 0) return false;
    if (this.#streaming > 0) return this.#continueStream(available);
    if (this.#assembling > 0) return this.#assemble(available);
    if (available < HEADER_BYTES) return false;
    const length = this.#chunk.readUInt32BE(this.#at + 1);
    if (length < 4 || length > this.#options.maxLength) {
      throw protocolViolation(
        "invalid message length",
        `A message of type 0x${this.#hexType()} claims ${length} bytes.`,
      );
    }
    return this.#begin(length + 1, available);
  }

  #begin(size: number, available: number): boolean {
    const type = this.#chunk[this.#at] ?? 0;
    if (size <= available) {
      this.#deliver(type, size, this.#chunk, this.#at, size, true);
      this.#at += size;
      return true;
    }
    if (this.#options.isWhole(type, size)) {
      this.#assembling = size;
      return this.#assemble(available);
    }
    if (available < this.#options.prefixBytes) return false;
    this.#deliver(type, size, this.#chunk, this.#at, available, true);
    this.last = false;
    this.#at += available;
    this.#streaming = size - available;
    return true;
  }

  #continueStream(available: number): boolean {
    const count = Math.min(available, this.#streaming);
    this.#deliver(this.type, this.size, this.#chunk, this.#at, count, false);
    this.#at += count;
    this.#streaming -= count;
    this.last = this.#streaming === 0;
    return true;
  }

  #assemble(available: number): boolean {
    const count = Math.min(available, this.#assembling - this.#partBytes);
    this.#reserve(this.#partBytes + count);
    this.#chunk.copy(this.#part, this.#partBytes, this.#at, this.#at + count);
    this.#partBytes += count;
    this.#at += count;
    if (this.#partBytes < this.#assembling) return false;
    const whole = this.#part.subarray(0, this.#assembling);
    this.#part = EMPTY;
    this.#partBytes = 0;
    this.#assembling = 0;
    this.#deliver(whole[0] ?? 0, whole.length, whole, 0, whole.length, true);
    return true;
  }

  /** A claimed size is no reason to take memory: that of what has come is at most doubled. */
  #reserve(bytes: number): void {
    if (bytes <= this.#part.length) return;
    const grown = Buffer.allocUnsafeSlow(
      Math.min(this.#assembling, Math.max(bytes, 2 * this.#part.length, LEAST_PART)),
    );
    this.#part.copy(grown, 0, 0, this.#partBytes);
    this.#part = grown;
  }

  #deliver(type: number, size: number, buffer: Buffer, start: number, count: number, first: boolean): void {
    this.type = type;
    this.size = size;
    this.buffer = buffer;
    this.start = start;
    this.end = start + count;
    this.first = first;
    this.last = true;
  }

  #hexType(): string {
    return (this.#chunk[this.#at] ?? 0).toString(16).padStart(2, "0");
  }
}
