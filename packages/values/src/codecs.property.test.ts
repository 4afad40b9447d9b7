import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_TEXT_SETTINGS, type Codec, type Decimal } from "./codec.ts";
import {
  compareDecimal,
  DECIMAL_INFINITY,
  DECIMAL_NAN,
  DECIMAL_NEGATIVE_INFINITY,
  finiteDecimal,
  formatDecimal,
  normalizeDecimal,
  parseDecimal,
} from "./decimal.ts";
import { KeyWriter } from "./key-writer.ts";
import { BUILTIN_TYPES } from "./oids.ts";
import { keyOf } from "./testing/oracle.ts";
import { RUNS_MULTIPLIER } from "./testing/samples.ts";
import { codecNamed } from "./testing/type-cases.ts";

const runs = { numRuns: 300 * RUNS_MULTIPLIER };
const settings = DEFAULT_TEXT_SETTINGS;

const decimal: fc.Arbitrary<Decimal> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(40))
      .map(([unscaled, scale]) => finiteDecimal(unscaled, scale)),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.bigInt({ min: -1200n, max: 1200n }), fc.nat(5))
      .map(([unscaled, scale]) => finiteDecimal(unscaled, scale)),
  },
  { weight: 1, arbitrary: fc.constantFrom(DECIMAL_NAN, DECIMAL_INFINITY, DECIMAL_NEGATIVE_INFINITY) },
);

test("decimals survive text and the wire", () => {
  fc.assert(
    fc.property(decimal, (value) => {
      expect(parseDecimal(formatDecimal(value))).toEqual(value);
      const bytes = codecNamed("numeric").encode(value);
      expect(codecNamed("numeric").isValid(bytes)).toBe(true);
      expect(codecNamed("numeric").decode(bytes)).toEqual(value);
      expect(codecNamed("numeric").toText(bytes, settings)?.toString()).toBe(formatDecimal(value));
      expect(compareDecimal(normalizeDecimal(value), value)).toBe(0);
    }),
    runs,
  );
});

/** The signs by which keys compare: as they are, with opposite bytes behind them, and inverted. */
function keySigns(codec: Codec, left: Buffer, right: Buffer): readonly number[] {
  const [a, b] = [keyOf(codec, left), keyOf(codec, right)];
  const behind = [0x00, 0xff].map((tail) =>
    Buffer.compare(Buffer.concat([a, Buffer.of(tail)]), Buffer.concat([b, Buffer.of(0xff - tail)])),
  );
  return [
    Buffer.compare(a, b),
    ...(a.equals(b) ? [0, 0] : behind),
    Buffer.compare(invertedKey(codec, right), invertedKey(codec, left)),
  ];
}

function invertedKey(codec: Codec, bytes: Buffer): Buffer {
  const out = new KeyWriter(1);
  codec.writeKey(bytes, out);
  out.invertFrom(0);
  return out.take();
}

interface OrderCase {
  readonly name: string;
  /** Two values in send format and the sign of their comparison. */
  readonly pair: fc.Arbitrary<readonly [left: Buffer, right: Buffer, order: number]>;
}

function orderCase<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  encode: (value: T) => Buffer,
  compare: (a: T, b: T) => number,
): OrderCase {
  const pair = fc
    .tuple(arbitrary, arbitrary)
    .map(([a, b]) => [encode(a), encode(b), Math.sign(compare(a, b))] as const);
  return { name, pair };
}

const byValue = <T extends number | bigint>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
/** NaN last, zeros equal. */
const byFloat = (a: number, b: number): number =>
  Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : byValue(a, b);
const bytesOf = fc
  .oneof(fc.uint8Array({ maxLength: 8 }), fc.array(fc.constantFrom(0, 1, 255), { maxLength: 4 }))
  .map((bytes) => Buffer.from(bytes));

const ORDER_CASES: readonly OrderCase[] = [
  orderCase("numeric", decimal, (value) => codecNamed("numeric").encode(value), compareDecimal),
  orderCase("int2", fc.integer({ min: -0x8000, max: 0x7fff }), (value) => codecNamed("int2").encode(value), byValue),
  orderCase("int4", fc.integer(), (value) => codecNamed("int4").encode(value), byValue),
  orderCase(
    "int8",
    fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -3n, max: 3n })),
    (value) => codecNamed("int8").encode(value),
    byValue,
  ),
  orderCase("float8", fc.double(), (value) => codecNamed("float8").encode(value), byFloat),
  orderCase("float4", fc.float(), (value) => codecNamed("float4").encode(value), byFloat),
  orderCase(
    "bytea",
    bytesOf,
    (value) => value,
    (a, b) => Buffer.compare(a, b),
  ),
];

test.each(ORDER_CASES)("$name: keys are in the order of values, ascending and inverted", ({ name, pair }) => {
  fc.assert(
    fc.property(pair, ([left, right, order]) => {
      expect(keySigns(codecNamed(name), left, right)).toEqual([order, order, order, order]);
    }),
    runs,
  );
});

test("floats survive their text", () => {
  fc.assert(
    fc.property(fc.double(), fc.float(), (wide, narrow) => {
      for (const [name, value] of [
        ["float8", wide],
        ["float4", narrow],
      ] as const) {
        const bytes = codecNamed(name).encode(value);
        const text = codecNamed(name).toText(bytes, settings)?.toString() ?? "";
        expect(codecNamed(name).fromText(text, settings)).toEqual(bytes);
      }
    }),
    runs,
  );
});

const anyType = fc.constantFrom(...BUILTIN_TYPES.map(({ name }) => name));

test("arbitrary bytes are refused, or can be shown, decoded, encoded and keyed", () => {
  fc.assert(
    fc.property(
      anyType,
      fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 8, maxLength: 8 })),
      (name, input) => {
        const codec = codecNamed(name);
        const bytes = Buffer.from(input);
        fc.pre(codec.isValid(bytes));
        // Decoding may lose what equality does not see: the payload of a NaN.
        const image = (value: Buffer): Buffer => (codec.hasEquality ? keyOf(codec, value) : value);
        expect(image(codec.encode(codec.decode(bytes)))).toEqual(image(bytes));
        expect(codec.toText(bytes, settings) ?? bytes).toBeInstanceOf(Buffer);
      },
    ),
    { numRuns: 1000 * RUNS_MULTIPLIER, maxSkipsPerRun: 1000 },
  );
});

test("arbitrary text is not understood, or gives a valid value", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(...'0123456789.eE+-{}[],:"\\ntruealsxINFD TZ'.split("")) }),
    fc.json(),
  );
  fc.assert(
    fc.property(anyType, text, (name, input) => {
      const codec = codecNamed(name);
      const bytes = codec.fromText(input, settings);
      expect(bytes === undefined || codec.isValid(bytes)).toBe(true);
    }),
    { numRuns: 2000 * RUNS_MULTIPLIER },
  );
});
