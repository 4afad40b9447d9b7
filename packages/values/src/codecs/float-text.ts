/** A decimal in scientific form: value = digits * 10^(exponent - digits.length + 1). */
interface Scientific {
  /** Significant digits without trailing zeros, at least one. */
  readonly digits: string;
  /** Decimal exponent of the first digit. */
  readonly exponent: number;
}

/** Decimal digits that are always faithful (DBL_DIG, FLT_DIG); also where shortest output turns to exponents. */
const FLOAT8_DIGITS = 15;
const FLOAT4_DIGITS = 6;

/** float8out. */
export function float8Text(value: number, extraFloatDigits: number): string {
  return (
    plainFloat8(value, extraFloatDigits) ??
    special(value) ??
    signed(value, (magnitude) =>
      extraFloatDigits > 0
        ? layOut(shortestFloat8(magnitude), FLOAT8_DIGITS)
        : printfG(magnitude, Math.max(1, FLOAT8_DIGITS + extraFloatDigits)),
    )
  );
}

/** float4out; `value` is a float32. */
export function float4Text(value: number, extraFloatDigits: number): string {
  return (
    special(value) ??
    signed(value, (magnitude) =>
      extraFloatDigits > 0
        ? layOut(shortestFloat4(magnitude), FLOAT4_DIGITS)
        : printfG(magnitude, Math.max(1, FLOAT4_DIGITS + extraFloatDigits)),
    )
  );
}

/**
 * Of at most 15 digits without an exponent JavaScript's shortest form is PostgreSQL's: both are laid out alike there, and so few digits are on no
 * midpoint (see `onFloat8Midpoint`).
 */
function plainFloat8(value: number, extraFloatDigits: number): string | undefined {
  const magnitude = Math.abs(value);
  if (extraFloatDigits <= 0 || !(magnitude >= 1e-4 && magnitude < 1e15)) return undefined;
  const text = String(value);
  return text.length <= 16 ? text : undefined;
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "Infinity";
  if (value === -Infinity) return "-Infinity";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  return undefined;
}

function signed(value: number, format: (magnitude: number) => string): string {
  return value > 0 ? format(value) : `-${format(-value)}`;
}

/** Reads JavaScript's exponential form. */
function parseScientific(text: string): Scientific {
  const at = text.indexOf("e");
  const digits = text.slice(0, at).replace(".", "").replace(/0+$/, "");
  return { digits: digits === "" ? "0" : digits, exponent: Number(text.slice(at + 1)) };
}

/** C's %g layout: exponent form below 1e-4 and from 1e`precision`, with at least two exponent digits. */
function layOut({ digits, exponent }: Scientific, precision: number): string {
  if (exponent < -4 || exponent >= precision) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const power = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, "0");
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** `%.*g`. */
function printfG(magnitude: number, precision: number): string {
  return layOut(nearestDecimal(magnitude, precision), precision);
}

/** The nearest decimal of `count` <= 16 digits, ties to even (JavaScript's own rounding takes them up). */
function nearestDecimal(magnitude: number, count: number): Scientific {
  const nearest = parseScientific(magnitude.toExponential(count - 1));
  const long = magnitude.toExponential(20);
  const digits = long.slice(0, long.indexOf("e")).replace(".", "");
  if (!/^50*$/.test(digits.slice(count))) return nearest;
  const exponent = Number(long.slice(long.indexOf("e") + 1));
  const tie = compareToMidpoint({ digits: digits.slice(0, count + 1), exponent }, magnitude, magnitude) === 0;
  const lower = digits.slice(0, count);
  return tie && Number(lower.slice(-1)) % 2 === 0 ? { digits: lower.replace(/0+$/, ""), exponent } : nearest;
}

/**
 * The shortest digits strictly between the midpoints to the neighbouring doubles. JavaScript's shortest
 * digits may lie on a midpoint (which rounds back to an even mantissa); PostgreSQL's never do.
 */
function shortestFloat8(magnitude: number): Scientific {
  const shortest = parseScientific(magnitude.toExponential());
  if (!onFloat8Midpoint(shortest, magnitude)) return shortest;
  for (let digits = shortest.digits.length + 1; digits < 17; digits++) {
    const longer = nearestDecimal(magnitude, digits);
    if (toNumber(longer) === magnitude && !onFloat8Midpoint(longer, magnitude)) return longer;
  }
  return parseScientific(magnitude.toExponential(16));
}

function toNumber({ digits, exponent }: Scientific): number {
  return Number(`${digits}e${exponent - digits.length + 1}`);
}

const FLOAT8_VIEW = new DataView(new ArrayBuffer(8));

/** The double next to `magnitude` (positive), above or below. */
function float8Neighbour(magnitude: number, step: 1n | -1n): number {
  FLOAT8_VIEW.setFloat64(0, magnitude);
  FLOAT8_VIEW.setBigUint64(0, FLOAT8_VIEW.getBigUint64(0) + step);
  return FLOAT8_VIEW.getFloat64(0);
}

/**
 * Whether the decimal is exactly half-way to a neighbour. A midpoint with at most 17 digits is an integer
 * (5^23 < 2^54 bounds its power of ten) or has few fraction digits, all of a multiple of a power of five.
 */
function onFloat8Midpoint(decimal: Scientific, magnitude: number): boolean {
  const power = decimal.exponent - decimal.digits.length + 1;
  if (power > 24 || power < -25) return false;
  // Digits of a midpoint that is no multiple of ten are a multiple of its mantissa, which has 54 bits.
  if (power <= 0 && decimal.digits.length <= 15) return false;
  if (power < 0 && Number(decimal.digits.slice(-1)) % 5 !== 0) return false;
  const upper = float8Neighbour(magnitude, 1n);
  return (
    compareToMidpoint(decimal, magnitude, float8Neighbour(magnitude, -1n)) === 0 ||
    (upper !== Infinity && compareToMidpoint(decimal, magnitude, upper) === 0)
  );
}

/** Sign of `decimal` - (a + b) / 2, exactly. */
function compareToMidpoint({ digits, exponent }: Scientific, a: number, b: number): number {
  const power = exponent - digits.length + 1;
  const left = exactBinary(a);
  const right = exactBinary(b);
  const common = Math.min(left.exponent, right.exponent);
  const sum = (left.mantissa << BigInt(left.exponent - common)) + (right.mantissa << BigInt(right.exponent - common));
  // digits * 10^power against sum * 2^(common - 1), both brought to integers.
  const twos = common - 1;
  const decimalSide = BigInt(digits) * (power > 0 ? 10n ** BigInt(power) : 1n) * (twos < 0 ? 1n << BigInt(-twos) : 1n);
  const binarySide = sum * (twos > 0 ? 1n << BigInt(twos) : 1n) * (power < 0 ? 10n ** BigInt(-power) : 1n);
  return decimalSide < binarySide ? -1 : decimalSide > binarySide ? 1 : 0;
}

/** magnitude = mantissa * 2^exponent. */
function exactBinary(magnitude: number): { readonly mantissa: bigint; readonly exponent: number } {
  FLOAT8_VIEW.setFloat64(0, magnitude);
  const bits = FLOAT8_VIEW.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

const FLOAT4_VIEW = new DataView(new ArrayBuffer(4));

/** The float32 next to `magnitude`; 2^128 above the greatest one, where the next would be. */
export function float4Neighbour(magnitude: number, step: 1 | -1): number {
  FLOAT4_VIEW.setFloat32(0, magnitude);
  FLOAT4_VIEW.setUint32(0, FLOAT4_VIEW.getUint32(0) + step);
  const neighbour = FLOAT4_VIEW.getFloat32(0);
  return neighbour === Infinity ? 2 ** 128 : neighbour;
}

/** The shortest digits strictly between the midpoints to the neighbouring floats, the nearest of them. */
function shortestFloat4(magnitude: number): Scientific {
  const below = float4Neighbour(magnitude, -1);
  const above = float4Neighbour(magnitude, 1);
  const isInside = (decimal: Scientific): boolean =>
    isAbove(decimal, below, magnitude) && !isAbove(decimal, magnitude, above) && !isOn(decimal, magnitude, above);
  for (let digits = 1; digits < 9; digits++) {
    const nearest = nearestDecimal(magnitude, digits);
    if (isInside(nearest)) return nearest;
    // At a power of two the interval reaches further up than down: the nearest may be outside, the next one up inside.
    const next = nextUp(nearest, digits);
    if (toNumber(nearest) < magnitude && isInside(next)) return next;
  }
  return parseScientific(magnitude.toExponential(8));
}

/** Whether the decimal is above the midpoint of two floats. The midpoint is a double: mostly comparing doubles decides. */
function isAbove(decimal: Scientific, a: number, b: number): boolean {
  const value = toNumber(decimal);
  const midpoint = (a + b) / 2;
  return value === midpoint ? compareToMidpoint(decimal, a, b) > 0 : value > midpoint;
}

function isOn(decimal: Scientific, a: number, b: number): boolean {
  return toNumber(decimal) === (a + b) / 2 && compareToMidpoint(decimal, a, b) === 0;
}

/** The next larger decimal of `count` digits. */
function nextUp({ digits, exponent }: Scientific, count: number): Scientific {
  const next = String(Number(digits.padEnd(count, "0")) + 1);
  return { digits: next.replace(/0+$/, ""), exponent: exponent + next.length - count };
}
