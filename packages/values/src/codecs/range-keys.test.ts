import { expect, test } from "vitest";
import { createCodecs } from "../codec-set.ts";
import { KeyWriter } from "../key-writer.ts";
import { Oid } from "../oids.ts";
import { rangeKeyWriter } from "./range-keys.ts";

const VALUES: readonly (readonly [number, readonly string[]])[] = [
  [Oid.int4, ["00000000", "7fffffff", "80000000", "ffffffff", "00ff0102"]],
  [Oid.int8, ["0000000000000000", "7fffffffffffffff", "8000000000000001", "fffffffffffffff6"]],
  [Oid.timestamptz, ["0002a5b1c3d4e5f6", "8000000000000000"]],
  [Oid.text, ["", "61", "6100ff0062", "6100".repeat(60)]],
];

test.each(VALUES)("type %d: the key of a value in the midst of a row is that of the value alone", (oid, values) => {
  const codec = createCodecs([]).get(oid);
  for (const hex of values) {
    const bytes = Buffer.from(hex, "hex");
    const alone = new KeyWriter(1);
    codec?.writeKey(bytes, alone);
    const inRow = new KeyWriter(1);
    if (codec === undefined) throw new Error("the type has a codec");
    rangeKeyWriter(codec)?.(Buffer.concat([Buffer.from("ab"), bytes, Buffer.from("cd")]), 2, 2 + bytes.length, inRow);
    expect(inRow.take().toString("hex")).toBe(alone.take().toString("hex"));
  }
});

test("types whose keys are made in another way have none", () => {
  const codecs = createCodecs([]);
  for (const oid of [Oid.bpchar, Oid.numeric, Oid.float8]) {
    const codec = codecs.get(oid);
    expect(codec === undefined ? null : rangeKeyWriter(codec)).toBe(undefined);
  }
});
