import { FreshetError } from "@freshet/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeStartupPacket,
  encodeCancelRequest,
  encodeGssencRequest,
  encodeSslRequest,
  encodeStartupMessage,
  startupPacketSize,
} from "./startup-packet.ts";

describe("a startup packet", () => {
  it("carries its parameters", () => {
    const parameters = new Map([
      ["user", "Ägidius"],
      ["options", "-c a=b"],
    ]);
    const packet = encodeStartupMessage(0x30002, parameters);
    expect(startupPacketSize(packet)).toBe(packet.length);
    expect(decodeStartupPacket(packet)).toEqual({ kind: "startup", version: 0x30002, parameters });
  });

  it("may be a request for encryption or a cancellation", () => {
    expect(decodeStartupPacket(encodeSslRequest())).toEqual({ kind: "ssl-request" });
    expect(decodeStartupPacket(encodeGssencRequest())).toEqual({ kind: "gssenc-request" });
  });

  it.each([4, 32, 256])("may cancel with a key of %i bytes", (bytes) => {
    const secretKey = Buffer.alloc(bytes, 9);
    expect(decodeStartupPacket(encodeCancelRequest(7, secretKey))).toEqual({
      kind: "cancel-request",
      processId: 7,
      secretKey,
    });
  });

  it.each([0, 3, 257])("that cancels with a key of %i bytes is refused", (bytes) => {
    expect(() => decodeStartupPacket(encodeCancelRequest(7, Buffer.alloc(bytes)))).toThrow(
      "invalid length of cancel request packet",
    );
  });

  it("of another major version is not taken apart", () => {
    expect(decodeStartupPacket(encodeStartupMessage(2 << 16, new Map([["user", "u"]])))).toMatchObject({
      version: 2 << 16,
    });
  });

  it.each([0, 4, 7, 10_001, 0x7fffffff, 0xffffffff])("of length %i is refused at once", (length) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    expect(() => startupPacketSize(bytes)).toThrow("invalid length of startup packet");
  });

  it("is awaited while its length is cut", () => {
    expect(startupPacketSize(Buffer.from([0, 0, 0]))).toBeNull();
  });

  it("without its terminator, or with bytes behind it, is refused", () => {
    const packet = encodeStartupMessage(3 << 16, new Map([["user", "u"]]));
    expect(() => decodeStartupPacket(packet.subarray(0, -1))).toThrow("invalid string in message");
    expect(() => decodeStartupPacket(Buffer.concat([packet, Buffer.from("x")]))).toThrow("expected terminator");
  });

  it("of random bytes raises nothing but the protocol error", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 100 }),
        fc.constantFrom(0, 3 << 16, 80877102, 80877103),
        (random, code) => {
          const packet = Buffer.from(random);
          if (code !== 0) packet.writeUInt32BE(code, 4);
          try {
            expect(decodeStartupPacket(packet).kind).toMatch(/request|startup/);
          } catch (thrown) {
            if (!(thrown instanceof FreshetError)) throw thrown;
            expect(thrown.code).toBe("08P01");
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
