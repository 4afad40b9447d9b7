import { FreshetError } from "@freshet/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeBind,
  decodeBindNames,
  decodeExecute,
  decodeParse,
  decodeParseName,
  decodeQuery,
  decodeTarget,
} from "./decode.ts";
import { encodeBind, encodeClose, encodeDescribe, encodeExecute, encodeParse, encodeQuery } from "./encode.ts";
import { frame } from "../frame.ts";

const whole = <T>(decode: (buffer: Buffer, start: number, end: number) => T, message: Buffer): T => {
  // In the middle of other bytes, so that no decoder relies on the buffer's bounds.
  const buffer = Buffer.concat([Buffer.from("xx"), message, Buffer.from("yy\0")]);
  return decode(buffer, 2, 2 + message.length);
};

describe("decoders of a client's messages", () => {
  it("read a query and how its text is encoded", () => {
    expect(whole(decodeQuery, encodeQuery("SELECT 1"))).toEqual({ text: "SELECT 1", encoding: "ascii" });
    expect(whole(decodeQuery, encodeQuery("SELECT 'é'"))).toEqual({ text: "SELECT 'é'", encoding: "utf8" });
    expect(whole(decodeQuery, frame(0x51, Buffer.from([0xe9, 0]))).encoding).toBe("other");
  });

  it("read texts of every length and encoding in the same way", () => {
    const unit = fc.constantFrom("a", "'", "\u007f", "\u0080", "é", "€", "𝄞");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 200 }), fc.nat(300), (text, filling) => {
        const long = "x".repeat(filling) + text;
        const encoding = /^[\0-\x7f]*$/.test(long) ? "ascii" : "utf8";
        expect(whole(decodeQuery, encodeQuery(long))).toEqual({ text: long, encoding });
      }),
    );
    for (const length of [127, 128, 129]) {
      const text = "y".repeat(length);
      expect(whole(decodeQuery, encodeQuery(text)).text).toBe(text);
      expect(() => whole(decodeQuery, frame(0x51, Buffer.from(text)))).toThrow("invalid string in message");
      expect(() => whole(decodeQuery, frame(0x51, Buffer.from(`${text}\0z`)))).toThrow("invalid message format");
    }
  });

  it("read a parse", () => {
    expect(whole(decodeParse, encodeParse("s1", "SELECT $1", [23, 0]))).toEqual({
      name: "s1",
      query: { text: "SELECT $1", encoding: "ascii" },
      typeOids: [23, 0],
    });
    expect(whole(decodeParseName, encodeParse("s1", "SELECT 1"))).toBe("s1");
  });

  it("read a bind and expand its formats", () => {
    const message = encodeBind({
      portal: "p",
      statement: "s",
      formats: [1],
      values: [Buffer.from([1]), null, ""],
      resultFormats: [0, 1],
    });
    expect(whole(decodeBind, message)).toEqual({
      portal: "p",
      statement: "s",
      formats: [1, 1, 1],
      values: [Buffer.from([1]), null, Buffer.alloc(0)],
      resultFormats: [0, 1],
    });
    expect(whole(decodeBindNames, message)).toEqual({ portal: "p", statement: "s" });
    expect(() => whole(decodeBind, encodeBind({ formats: [0, 1], values: ["1"] }))).toThrow(
      "2 parameter formats but 1 parameters",
    );
  });

  it("read describe, close and execute", () => {
    expect(whole(decodeTarget, encodeDescribe("statement", "a"))).toEqual({ target: "statement", name: "a" });
    expect(whole(decodeTarget, encodeClose("portal", ""))).toEqual({ target: "portal", name: "" });
    expect(whole(decodeExecute, encodeExecute("p", 5))).toEqual({ portal: "p", maxRows: 5 });
    expect(() => whole(decodeTarget, frame(0x44, Buffer.from("X\0")))).toThrow("subtype 88");
  });

  it("refuse messages that end early or late", () => {
    expect(() => whole(decodeQuery, frame(0x51, Buffer.from("SELECT 1")))).toThrow("invalid string in message");
    expect(() => whole(decodeQuery, frame(0x51, Buffer.from("a\0b\0")))).toThrow("invalid message format");
    expect(() => whole(decodeExecute, frame(0x45, Buffer.from("p\0\0")))).toThrow("insufficient data left in message");
  });

  it("raise nothing but the protocol error on random bytes", () => {
    const decoders = [decodeQuery, decodeParse, decodeBind, decodeBindNames, decodeTarget, decodeExecute];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(...decoders), (body, decode) => {
        try {
          expect(whole<unknown>(decode, frame(0x51, body))).toBeDefined();
        } catch (thrown) {
          if (!(thrown instanceof FreshetError)) throw thrown;
          expect(thrown.code).toBe("08P01");
        }
      }),
      { numRuns: 500 },
    );
  });
});
