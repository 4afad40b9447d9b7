import { FreshetError } from "@freshet/base";
import { packRow } from "@freshet/values";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BinaryCopyDecoder } from "./binary-copy-decoder.ts";
import { decodePgoutput } from "./pgoutput-decoder.ts";

const values = fc.array(fc.option(fc.uint8Array({ maxLength: 40 })), { minLength: 3, maxLength: 3 });

function copyFile(rows: readonly Buffer[]): Buffer {
  const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
  const count = Buffer.from([0, 3]);
  return Buffer.concat([header, ...rows.flatMap((row) => [count, row]), Buffer.from([0xff, 0xff])]);
}

function outcome(bytes: Buffer): string {
  try {
    return typeof decodePgoutput(bytes).kind === "string" ? "message" : "nothing";
  } catch (error) {
    return error instanceof FreshetError ? "violation" : String(error);
  }
}

describe("decodePgoutput", () => {
  it("answers any bytes with a message or a protocol violation", () => {
    const tags = fc.constantFrom("B", "C", "O", "R", "Y", "I", "U", "D", "T", "M");
    fc.assert(
      fc.property(tags, fc.uint8Array({ maxLength: 60 }), (tag, body) => {
        expect(outcome(Buffer.concat([Buffer.from(tag), body]))).toMatch(/^(message|violation)$/);
      }),
      { numRuns: 300 },
    );
  });
});

describe("BinaryCopyDecoder", () => {
  it("gives the same rows wherever the data is cut, from memory that is reused", () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 6 }), (rows, cuts) => {
        const packed = rows.map(packRow);
        const file = copyFile(packed);
        const seen: string[] = [];
        const decoder = new BinaryCopyDecoder(3, (row) => seen.push(row.toString("hex")));
        const ends = [...new Set(cuts.map((cut) => cut % (file.length + 1)))].toSorted((a, b) => a - b);
        let start = 0;
        for (const end of [...ends, file.length]) {
          const chunk = Buffer.from(file.subarray(start, end));
          decoder.push(chunk);
          chunk.fill(0xee);
          start = end;
        }
        decoder.end();
        expect(seen).toEqual(packed.map((row) => row.toString("hex")));
      }),
      { numRuns: 300 },
    );
  });
});
