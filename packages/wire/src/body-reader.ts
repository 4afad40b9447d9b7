import { protocolViolation } from "./protocol-violation.ts";

/** So many bytes are looked at here before a native search, which costs more to begin. */
const SHORT_BYTES = 32;
/** The same where the search, a view and a test for ASCII are spared. */
const SHORT_TEXT_BYTES = 128;

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
    const start = this.#at;
    return this.#buffer.subarray(start, this.skipCstring());
  }

  /** A zero-terminated string of a few ASCII characters, looked at without a view; null where it is of another kind, and nothing is read. */
  shortAscii(): string | null {
    const buffer = this.#buffer;
    const start = this.#at;
    const most = Math.min(this.#end, start + SHORT_TEXT_BYTES);
    for (let at = start; at < most; at++) {
      const byte = buffer[at] as number;
      if (byte === 0) {
        this.#at = at + 1;
        return buffer.toString("latin1", start, at);
      }
      if (byte > 0x7f) return null;
    }
    return null;
  }

  cstring(encoding: "utf8" | "latin1" = "utf8"): string {
    const start = this.#at;
    const zero = this.skipCstring();
    return zero === start ? "" : this.#buffer.toString(encoding, start, zero);
  }

  /** Returns where its zero is. */
  skipCstring(): number {
    const buffer = this.#buffer;
    let zero = this.#at;
    const near = Math.min(this.#end, zero + SHORT_BYTES);
    while (zero < near && buffer[zero] !== 0) zero++;
    if (zero === near) zero = buffer.indexOf(0, zero);
    if (zero < 0 || zero >= this.#end) throw protocolViolation("invalid string in message");
    this.#at = zero + 1;
    return zero;
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
