import { FreshetError, SqlState } from "@freshet/base";

/**
 * Reads a message's fields in order. Every read is bounds-checked: input that ends early or runs on is
 * a protocol violation of the upstream, never an out-of-range access.
 */
export class MessageCursor {
  readonly #bytes: Buffer;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get offset(): number {
    return this.#at;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  /** A NUL-terminated string. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw this.violation("has an unterminated string");
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** The next `length` bytes, as a view on the message. */
  bytes(length: number): Buffer {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A view on the message from `start` to here. */
  since(start: number): Buffer {
    return this.#bytes.subarray(start, this.#at);
  }

  /** Fails unless the whole message was read. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.violation(`has ${this.#bytes.length - this.#at} bytes too many`);
  }

  violation(problem: string): FreshetError {
    return new FreshetError(SqlState.protocolViolation, `a ${this.#what} from the upstream ${problem}`);
  }

  #take(length: number): number {
    const start = this.#at;
    if (length < 0 || start + length > this.#bytes.length) throw this.violation("is cut short");
    this.#at = start + length;
    return start;
  }
}
