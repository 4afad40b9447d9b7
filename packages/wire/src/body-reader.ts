import { protocolViolation } from "./protocol-violation.ts";

/** Reads the fields of one message body; every read past its end is a protocol violation. */
export class BodyReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  #at: number;

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer;
    this.#at = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  uint8(): number {
    return this.#buffer.readUInt8(this.#advance(1));
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#advance(2));
  }

  uint16(): number {
    return this.#buffer.readUInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#advance(4));
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#advance(4));
  }

  /** A view on the message's memory. */
  bytes(count: number): Buffer {
    const start = this.#advance(count);
    return this.#buffer.subarray(start, start + count);
  }

  /** The bytes of a zero-terminated string without the zero; a view. */
  cstringBytes(): Buffer {
    const zero = this.#buffer.indexOf(0, this.#at);
    if (zero < 0 || zero >= this.#end) throw protocolViolation("invalid string in message");
    const start = this.#at;
    this.#at = zero + 1;
    return this.#buffer.subarray(start, zero);
  }

  cstring(encoding: "utf8" | "latin1" = "utf8"): string {
    if (this.#at < this.#end && this.#buffer[this.#at] === 0) {
      this.#at += 1;
      return "";
    }
    return this.cstringBytes().toString(encoding);
  }

  /** Checks that nothing follows. */
  finish(): void {
    if (this.#at !== this.#end) throw protocolViolation("invalid message format");
  }

  #advance(count: number): number {
    const start = this.#at;
    if (count < 0 || count > this.#end - start) throw protocolViolation("insufficient data left in message");
    this.#at = start + count;
    return start;
  }
}
