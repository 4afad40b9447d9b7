import fc from "fast-check";
import { sample } from "./sampling.ts";

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom("0", "0", "1", "5", "9", "7", "3"), minLength: min, maxLength: max });
const sign = fc.constantFrom("", "-", "+");

export function integers(bits: number): string[] {
  const max = 2n ** BigInt(bits - 1);
  const near = [
    0n,
    1n,
    -1n,
    2n,
    -2n,
    9n,
    10n,
    255n,
    256n,
    -255n,
    -256n,
    127n,
    128n,
    -128n,
    -129n,
    max - 1n,
    max - 2n,
    -max,
    1n - max,
    1n << 31n,
    1n << 32n,
    -(1n << 32n),
    (1n << 53n) - 1n,
    1n << 53n,
    -(1n << 53n),
    -(1n << 53n) - 1n,
  ];
  const random = fc.oneof(fc.bigInt({ min: -max, max: max - 1n }), fc.bigInt({ min: -1000n, max: 1000n }));
  const listed = near.filter((value) => value >= -max && value < max).map(String);
  return [...listed, " 7", "+7", "-0", "007 ", "\t7\n", ...sample(random.map(String), 1000)];
}

export function numerics(): string[] {
  const plain = fc.tuple(sign, digits(1, 45), digits(0, 45)).map(([s, i, f]) => (f === "" ? s + i : `${s}${i}.${f}`));
  const small = fc.tuple(sign, digits(1, 3), digits(0, 3)).map(([s, i, f]) => (f === "" ? s + i : `${s}${i}.${f}`));
  const scientific = fc
    .tuple(sign, digits(1, 9), digits(0, 9), fc.integer({ min: -40, max: 40 }))
    .map(([s, i, f, e]) => `${s}${i}.${f}e${e}`);
  const listed = [
    "0",
    "0.0",
    "0.00",
    "-0",
    "-0.000",
    "1",
    "1.0",
    "1.00",
    "10",
    "1e1",
    "NaN",
    "nan",
    "Infinity",
    "inf",
    "-Infinity",
    "-inf",
    "+Infinity",
    "9999",
    "10000",
    "10001",
    "0.0001",
    "0.00001",
    "-0.0001",
    "-0.00001",
    "1e-16383",
    "1e1000",
    "-1e1000",
    "1e131071",
    "99999999",
    "100000000",
    ".5",
    "5.",
    "-.5e-3",
    " 1.5 ",
    "1.5E+2",
  ];
  return [...listed, ...sample(fc.oneof(plain, small, small, scientific), 2000)];
}

const view = new DataView(new ArrayBuffer(8));

function float64(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function float32(bits: number): number {
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

const FLOAT_WORDS = [
  "NaN",
  "nan",
  "Infinity",
  "inf",
  "-Infinity",
  "-inf",
  "0",
  "-0",
  "0.0",
  "-0.0",
  "1",
  "-1",
  "1.5",
  " 2.5 ",
  ".5",
  "5.",
  "1e3",
  "1E-3",
  "100000",
  "999999",
  "1000000",
  "9999999",
  "123456",
  "1234567",
  "0.0001",
  "0.00001",
  "0.000123456789",
];

export function float8s(): string[] {
  const powersOfTwo = Array.from({ length: 2098 }, (_, index) => String(2 ** (index - 1074)));
  const neighbours = Array.from(
    { length: 600 },
    (_, index) => 2 ** (53 + (index % 60)) * (1 + Math.floor(index / 60) / 16),
  );
  const powersOfTen = Array.from({ length: 600 }, (_, index) => `1e${index - 300}`);
  const bits = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => String(float64(value)));
  const short = fc.tuple(sign, digits(1, 17), fc.integer({ min: -25, max: 25 })).map(([s, d, e]) => `${s}${d}e${e}`);
  const decimal = fc
    .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 6 }))
    .map(([value, scale]) => String(value / 10 ** scale));
  const ryu = [
    "9007199254740993",
    "9.5e-3",
    "5e-324",
    "1.7976931348623157e308",
    "2.2250738585072014e-308",
    "4.35",
    "1e15",
    "1e14",
    "999999999999999",
    "123456789012345678",
    "9223372036854775807",
    "18014398509481985",
    "5.960464477539063e-08",
    "9.5367431640625e-07",
    "144115188075855870",
    "5764607523034235e6",
    "1.152921504606847e18",
    "2.305843009213694e18",
    "1e22",
    "1e23",
    "5e22",
  ];
  return [
    ...FLOAT_WORDS,
    ...ryu,
    ...powersOfTwo,
    ...neighbours.map(String),
    ...powersOfTen,
    ...sample(fc.oneof(bits, short, decimal), 3000),
  ];
}

export function float4s(): string[] {
  const powersOfTwo = Array.from({ length: 277 }, (_, index) => String(2 ** (index - 149)));
  const powersOfTen = Array.from({ length: 70 }, (_, index) => `1e${index - 32}`).slice(0, 70);
  const bits = fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => String(float32(value)));
  const small = fc.integer({ min: 0x4b00_0000, max: 0x5400_0000 }).map((value) => String(float32(value)));
  const short = fc.tuple(sign, digits(1, 9), fc.integer({ min: -12, max: 12 })).map(([s, d, e]) => `${s}${d}e${e}`);
  return [
    ...FLOAT_WORDS,
    "16777216",
    "16777217",
    "33554432",
    "8388608",
    "3.4028235e38",
    "1.4e-45",
    "1.1754944e-38",
    ...powersOfTwo,
    ...powersOfTen.filter((value) => Number(value) < 3e38),
    ...sample(fc.oneof(bits, bits, small, short), 3000),
  ];
}

export function moneys(): string[] {
  const listed = [
    "0",
    "$1,234.56",
    "-$0.01",
    "12.34",
    "-92233720368547758.08",
    "92233720368547758.07",
    "($5.00)",
    "1.5",
    "100",
  ];
  const random = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((cents) => {
    const digits = String(cents < 0n ? -cents : cents).padStart(3, "0");
    return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
  });
  return [...listed, ...sample(random, 300)];
}
