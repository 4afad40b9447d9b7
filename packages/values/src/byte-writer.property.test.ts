import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter } from "./byte-writer.ts";
import { type Codec, DEFAULT_TEXT_SETTINGS, type TextSettings } from "./codec.ts";
import { createCodecs } from "./codec-set.ts";
import { KeyWriter } from "./key-writer.ts";
import { BUILTIN_TYPES } from "./oids.ts";
import { RUNS_MULTIPLIER } from "./testing/samples.ts";

const runs = { numRuns: 300 * RUNS_MULTIPLIER };
const codecs = createCodecs([]);
const all: readonly Codec[] = BUILTIN_TYPES.flatMap(({ oid }) => codecs.get(oid) ?? []);

const SETTINGS: readonly TextSettings[] = [
  DEFAULT_TEXT_SETTINGS,
  { ...DEFAULT_TEXT_SETTINGS, dateStyle: "ISO, DMY", timeZone: "Etc/GMT-14", extraFloatDigits: 3 },
  { ...DEFAULT_TEXT_SETTINGS, dateStyle: "SQL, DMY", timeZone: "<-03>+03:30:15", extraFloatDigits: -4 },
  {
    ...DEFAULT_TEXT_SETTINGS,
    timeZone: "Europe/Nowhere",
    zoneTable: {
      timeZone: "Europe/Nowhere",
      begin: -1e9,
      end: 1e9,
      moments: [-1e9, 0, 5000],
      offsets: [3600, 7201, 0],
    },
  },
];

/** Bytes of a value of a fixed size, with the edges that values have. */
function words(size: number): fc.Arbitrary<Buffer> {
  const bits = BigInt(size * 8);
  const near = fc.tuple(fc.nat(Number(bits) - 1), fc.bigInt({ min: -3n, max: 3n }), fc.boolean());
  const edge = near.map(([shift, by, negative]) => ((negative ? -1n : 1n) << BigInt(shift)) + by);
  const small = fc.bigInt({ min: -(10n ** 6n), max: 10n ** 6n });
  const moments = fc.bigInt({ min: -70_000_000_000_000_000n, max: 300_000_000_000_000_000n });
  return fc
    .oneof(fc.constant(0n), edge, small, moments, fc.bigInt({ min: 0n, max: (1n << bits) - 1n }))
    .map((value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
      return bytes.subarray(8 - size);
    });
}

const value: fc.Arbitrary<Buffer> = fc.oneof(
  words(1),
  words(2),
  words(4),
  words(8),
  fc.string({ unit: "grapheme", maxLength: 80 }).map((text) => Buffer.from(text)),
  fc
    .tuple(fc.integer({ min: -3, max: 4 }), fc.nat(12), fc.boolean(), fc.array(fc.nat(9999), { maxLength: 5 }))
    .map(([weight, scale, negative, digits]) => {
      const bytes = Buffer.alloc(8 + 2 * digits.length);
      [digits.length, weight & 0xffff, negative ? 0x4000 : 0, scale, ...digits].forEach((word, index) =>
        bytes.writeUInt16BE(word, 2 * index),
      );
      return bytes;
    }),
);

test("every codec writes the text that it makes", () => {
  const written = new Set<string>();
  fc.assert(
    fc.property(value, fc.constantFrom(...SETTINGS), fc.nat(5), (bytes, settings, behind) => {
      const source = Buffer.concat([Buffer.alloc(behind, 0x31), bytes, Buffer.from("tail")]);
      for (const codec of all) {
        if (codec.writeText === undefined || !codec.isValid(bytes)) continue;
        const expected = codec.toText(bytes, settings);
        const out = new ByteWriter(8);
        out.byte(0x7e);
        const isWritten = codec.writeText(source, behind, behind + bytes.length, out, settings);
        expect([codec.name, isWritten]).toEqual([codec.name, expected !== undefined]);
        if (expected === undefined) continue;
        written.add(codec.name);
        expect(`${codec.name} ${out.take().toString("latin1")}`).toBe(`${codec.name} ~${expected.toString("latin1")}`);
      }
    }),
    { numRuns: 1000 * RUNS_MULTIPLIER },
  );
  const able = all.filter(({ writeText }) => writeText !== undefined).map(({ name }) => name);
  expect(able.length).toBeGreaterThan(15);
  expect(able.filter((name) => !written.has(name))).toEqual([]);
});

const spelling: fc.Arbitrary<Buffer> = fc
  .oneof(
    fc.integer().map(String),
    fc.integer({ min: -40_000, max: 40_000 }).map(String),
    fc.constantFrom(
      "",
      "-",
      "+1",
      "-0",
      "007",
      " 1",
      "1 ",
      "1.0",
      "1e3",
      "0x1",
      "-2147483648",
      "32768",
      "999999999",
      "1\0",
    ),
    fc.string({ unit: "grapheme", maxLength: 12 }),
  )
  .map((text) => Buffer.from(text));

/** The key that is made of the spelling itself is that of its value. */
function expectSameKey(codec: Codec, bytes: Buffer, read: Buffer | undefined): void {
  const [direct, expected] = [new KeyWriter(), new KeyWriter()];
  const source = Buffer.concat([Buffer.from("7"), bytes, Buffer.from("7")]);
  expect(codec.writePlainKey?.(source, 1, 1 + bytes.length, direct)).toBe(read !== undefined);
  if (read !== undefined) codec.writeKey(read, expected);
  expect(direct.take().toString("hex")).toBe(expected.take().toString("hex"));
}

test("a plain spelling is read as every spelling is", () => {
  const understood = new Set<string>();
  fc.assert(
    fc.property(
      fc.oneof(
        spelling,
        fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        for (const codec of all) {
          const read = codec.fromPlainText?.(bytes);
          if (codec.writePlainKey !== undefined) expectSameKey(codec, bytes, read);
          if (read === undefined) continue;
          understood.add(codec.name);
          const whole = codec.fromText(bytes.toString("utf8"), DEFAULT_TEXT_SETTINGS);
          expect([codec.name, whole?.toString("hex")]).toEqual([codec.name, read.toString("hex")]);
          expect(codec.isValid(read)).toBe(true);
        }
      },
    ),
    runs,
  );
  expect([...understood].toSorted()).toEqual(["bpchar", "int2", "int4", "int8", "text", "varchar"]);
});

test("a writer gives what was written, however much, and begins anew", () => {
  const part = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.maxSafeInteger(), fc.string({ unit: "binary-ascii" }));
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 30 }), { maxLength: 8 }), (takes) => {
      const out = new ByteWriter(16);
      const taken = takes.map((parts) => {
        for (const one of parts) {
          if (typeof one === "number") out.integer(one);
          else if (typeof one === "string") out.ascii(one);
          else out.bytes(one);
        }
        return out.take();
      });
      const expected = takes.map((parts) =>
        Buffer.concat(parts.map((one) => (one instanceof Uint8Array ? one : Buffer.from(String(one), "latin1")))),
      );
      expect(taken).toEqual(expected);
    }),
    runs,
  );
});

test("numbers of fixed width", () => {
  const out = new ByteWriter(1);
  out.int16(0x8001);
  out.int32(-2);
  out.digits(7, 3);
  out.digits(123_456_789_012, 12);
  out.setInt32(2, 5);
  out.byte(255);
  out.truncate(out.length - 1);
  expect(out.take()).toEqual(Buffer.concat([Buffer.from([0x80, 1, 0, 0, 0, 5]), Buffer.from("007123456789012")]));
});
