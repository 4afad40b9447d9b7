import { FreshetError } from "@freshet/base";
import { packRow } from "@freshet/values";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frame } from "../frame.ts";
import { encodeCommandComplete, encodeParameterStatus, readyForQuery } from "./completions.ts";
import { binaryDataRowSize, encodeDataRow, writeBinaryDataRow } from "./data-row.ts";
import {
  decodeBackendKeyData,
  decodeCommandComplete,
  decodeDataRow,
  decodeParameterDescription,
  decodeParameterStatus,
  decodeReadyForQuery,
  decodeRowDescription,
} from "./decode.ts";
import { decodeErrorFields, encodeErrorResponse, encodeNoticeResponse, toFreshetError } from "./error-fields.ts";
import { encodeParameterDescription, encodeRowDescription, expandFormats } from "./row-description.ts";

const whole = <T>(decode: (buffer: Buffer, start: number, end: number) => T, message: Buffer): T =>
  decode(message, 0, message.length);
const value = fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)));

describe("errors and notices", () => {
  it("carry all fields", () => {
    const error = new FreshetError("42601", "syntax\0 error", { detail: "d", hint: "h", position: 3 });
    const fields = whole(decodeErrorFields, encodeErrorResponse(error));
    expect([...fields].map(([code, text]) => code + text)).toEqual([
      "SERROR",
      "VERROR",
      "C42601",
      "Msyntax error",
      "Dd",
      "Hh",
      "P3",
    ]);
    expect(whole(decodeErrorFields, encodeErrorResponse(error, "FATAL")).get("V")).toBe("FATAL");
    expect(whole(decodeErrorFields, encodeNoticeResponse("m", "d")).get("C")).toBe("00000");
  });

  it("show what is not a FreshetError as internal", () => {
    expect(toFreshetError(new TypeError("oops"))).toMatchObject({ code: "XX000", message: "oops" });
  });
});

describe("rows", () => {
  it("of values decode to the same values", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), (values) => {
        expect(whole(decodeDataRow, encodeDataRow(values))).toEqual(values);
      }),
    );
  });

  it("of packed bytes are the same message", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), fc.nat(10), (values, before) => {
        const row = packRow(values);
        const target = Buffer.alloc(before + binaryDataRowSize(row));
        expect(writeBinaryDataRow(target, before, row, values.length)).toBe(target.length);
        expect(target.subarray(before)).toEqual(encodeDataRow(values));
      }),
    );
  });
});

describe("descriptions", () => {
  it("decode to what was encoded", () => {
    const fields = [
      { name: "ä", tableOid: 4_000_000_000, attribute: 2, typeOid: 25, typeLength: -1, typmod: -1, format: 1 },
      { name: "", tableOid: 0, attribute: 0, typeOid: 23, typeLength: 4, typmod: 7, format: 0 },
    ];
    expect(whole(decodeRowDescription, encodeRowDescription(fields))).toEqual(fields);
    expect(whole(decodeParameterDescription, encodeParameterDescription([23, 4_000_000_000]))).toEqual([
      23, 4_000_000_000,
    ]);
  });

  it("expand formats as Bind means them", () => {
    expect(expandFormats([], 2)).toEqual([0, 0]);
    expect(expandFormats([1], 2)).toEqual([1, 1]);
    expect(expandFormats([0, 1], 2)).toEqual([0, 1]);
    expect(expandFormats([0, 1], 3)).toBeUndefined();
  });
});

describe("small messages", () => {
  it("decode to what was encoded", () => {
    for (const status of ["I", "T", "E"] as const)
      expect(whole(decodeReadyForQuery, readyForQuery(status))).toBe(status);
    expect(whole(decodeCommandComplete, encodeCommandComplete("SELECT 1"))).toBe("SELECT 1");
    expect(whole(decodeParameterStatus, encodeParameterStatus("TimeZone", "UTC"))).toEqual({
      name: "TimeZone",
      value: "UTC",
    });
    expect(whole(decodeBackendKeyData, frame(0x4b, Buffer.from([0, 0, 1, 0, 9, 9, 9, 9, 9])))).toEqual({
      processId: 256,
      secretKey: Buffer.from([9, 9, 9, 9, 9]),
    });
    expect(() => whole(decodeReadyForQuery, frame(0x5a, Buffer.from("X")))).toThrow("invalid transaction status");
  });

  it("raise nothing but the protocol error on random bytes", () => {
    const decoders = [
      decodeReadyForQuery,
      decodeParameterStatus,
      decodeBackendKeyData,
      decodeDataRow,
      decodeRowDescription,
      decodeErrorFields,
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(...decoders), (body, decode) => {
        try {
          expect(whole<unknown>(decode, frame(0x5a, body))).toBeDefined();
        } catch (thrown) {
          if (!(thrown instanceof FreshetError)) throw thrown;
          expect(thrown.code).toBe("08P01");
        }
      }),
      { numRuns: 500 },
    );
  });
});
