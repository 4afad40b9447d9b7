import { packRow } from "@freshet/values";
import { describe, expect, it } from "vitest";
import { BinaryCopyDecoder } from "./binary-copy-decoder.ts";

const HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const TRAILER = Buffer.from([0xff, 0xff]);
const ROW = packRow([Buffer.from("a"), null]);
const TUPLE = Buffer.concat([Buffer.from([0, 2]), ROW]);
const never = (): void => expect.fail("no row was to be seen");

describe("BinaryCopyDecoder", () => {
  it("decodes rows up to the trailer", () => {
    const rows: Buffer[] = [];
    const decoder = new BinaryCopyDecoder(2, (row) => rows.push(Buffer.from(row)));
    decoder.push(Buffer.concat([HEADER, TUPLE, TUPLE, TRAILER]));
    decoder.end();
    expect(rows).toEqual([ROW, ROW]);
  });

  it("skips a header extension", () => {
    const header = Buffer.concat([HEADER, Buffer.from("ext")]);
    header.writeUInt32BE(3, 15);
    const decoder = new BinaryCopyDecoder(2, never);
    decoder.push(Buffer.concat([header, TRAILER]));
    expect(() => decoder.end()).not.toThrow();
  });

  it.each([
    ["another signature", Buffer.alloc(HEADER.length), /no signature/],
    ["unknown flags", Buffer.concat([HEADER.subarray(0, 11), Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])]), /unknown flags/],
    ["another width", Buffer.concat([HEADER, Buffer.from([0, 3])]), /3 columns instead of 2/],
    ["a negative length", Buffer.concat([HEADER, Buffer.from([0, 2, 0xff, 0xff, 0xff, 0xfe])]), /length -2/],
    ["rows after the trailer", Buffer.concat([HEADER, TRAILER, TUPLE]), /after its trailer/],
  ])("refuses %s", (_what, bytes, message) => {
    expect(() => new BinaryCopyDecoder(2, never).push(bytes)).toThrow(message);
  });

  it("notices data that stops early", () => {
    const decoder = new BinaryCopyDecoder(2, never);
    decoder.push(Buffer.concat([HEADER, TUPLE.subarray(0, -1)]));
    expect(() => decoder.end()).toThrow(/ended before its trailer/);
  });
});
