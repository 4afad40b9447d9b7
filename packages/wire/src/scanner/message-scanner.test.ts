import { describe, expect, it } from "vitest";
import { encodeCopyData, encodeSync } from "../frontend/encode.ts";
import { INSPECTED_BYTES, MAX_MESSAGE_LENGTH, frontendScanner, loginScanner } from "./scanners.ts";

function header(type: string, length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write(type, "latin1");
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe("impossible lengths", () => {
  it.each([0, 3, MAX_MESSAGE_LENGTH + 1, 0x7fffffff, 0x80000000, 0xffffffff])(
    "refuses %i before anything is kept",
    (length) => {
      const scanner = frontendScanner();
      scanner.push(header("Q", length));
      expect(() => scanner.advance()).toThrow(expect.objectContaining({ code: "08P01" }));
    },
  );

  it("refuses a large message during login", () => {
    const scanner = loginScanner();
    scanner.push(header("p", INSPECTED_BYTES + 1));
    expect(() => scanner.advance()).toThrow(expect.objectContaining({ message: "invalid message length" }));
  });
});

describe("what lies ahead", () => {
  it("can be looked at without being taken, unless a message has come in part", () => {
    const scanner = frontendScanner();
    expect(scanner.ahead(10)).toEqual(Buffer.alloc(0));
    const [sync, query] = [encodeSync(), header("Q", INSPECTED_BYTES - 1)];
    scanner.push(Buffer.concat([sync, sync, query]));
    scanner.advance();
    expect(scanner.ahead(5)).toEqual(sync);
    expect(scanner.ahead(1000)).toEqual(Buffer.concat([sync, query]));
    expect([scanner.advance(), scanner.advance()]).toEqual([true, false]);
    expect(scanner.ahead(1000)).toEqual(Buffer.alloc(0));
  });
});

describe("large messages", () => {
  it("are put together in memory that grows with what has come, not with what is claimed", () => {
    const scanner = frontendScanner();
    for (const byte of header("Q", INSPECTED_BYTES - 1)) scanner.push(Buffer.of(byte));
    for (let count = 0; count < 1000; count++) {
      scanner.push(Buffer.of(65));
      expect(scanner.advance()).toBe(false);
    }
    expect(scanner.held).toBe(1024);
  });

  it("streams a query over the limit of inspection without collecting it", () => {
    const scanner = frontendScanner();
    scanner.push(Buffer.concat([header("Q", INSPECTED_BYTES + 10), Buffer.alloc(10_000)]));
    expect(scanner.advance()).toBe(true);
    expect([scanner.first, scanner.last, scanner.size]).toEqual([true, false, INSPECTED_BYTES + 11]);
    expect(scanner.buffered).toBe(0);
    expect(scanner.streaming).toBe(true);
  });

  it("delivers copy data that is cut in pieces, and what follows it", () => {
    const scanner = frontendScanner();
    const bytes = Buffer.concat([encodeCopyData(Buffer.alloc(20_000, 1)), encodeSync()]);
    scanner.push(bytes.subarray(0, 9000));
    expect(scanner.advance()).toBe(true);
    expect([scanner.first, scanner.last, scanner.end - scanner.start]).toEqual([true, false, 9000]);
    expect(scanner.advance()).toBe(false);
    scanner.push(bytes.subarray(9000));
    expect(scanner.advance()).toBe(true);
    expect([scanner.first, scanner.last]).toEqual([false, true]);
    expect(scanner.advance()).toBe(true);
    expect(scanner.type).toBe("S".charCodeAt(0));
  });
});
