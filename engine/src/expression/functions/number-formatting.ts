import { type Decimal, formatDecimal } from "@freshet/values";
import { declined } from "../evaluation-error.ts";
import { roundDecimal } from "../numeric/rounding.ts";
import { type NumberFormat, parseNumberFormat } from "./number-formats.ts";
import { withEnding } from "./ordinals.ts";
import type { FunctionTable } from "./scalar-function.ts";

/** The digits before the point do not fit: every place shows `#`. */
function overflowed({ before, behind }: NumberFormat): string {
  return `${"#".repeat(before)}.${"#".repeat(behind)}`;
}

/** Place of the last digit behind the point that counts (the point itself where none does), which FM ends with; -1: all are shown. */
function lastRelevant(format: NumberFormat, digits: string, spaces: number): number {
  const point = digits.indexOf(".");
  if (!format.isBare || !format.hasPoint || point < 0) return -1;
  let last = point;
  for (let at = point + 1; at < digits.length; at++) if (digits[at] !== "0") last = at;
  if (format.zeroEnd <= spaces) return last;
  return Math.max(last, Math.min(digits.length - 1, format.zeroEnd - spaces));
}

/** Writes a number's digits into a format, part by part, as PostgreSQL's NUM_processor does. */
class NumberWriter {
  readonly #format: NumberFormat;
  readonly #digits: string;
  readonly #isNegative: boolean;
  readonly #spaces: number;
  readonly #last: number;
  readonly #brackets: boolean;
  readonly #count: number;
  #signWritten: boolean;
  /** Places of the format so far, and digits of the number. */
  #place = 0;
  #at = 0;
  #isInNumber = false;
  #text = "";

  constructor(format: NumberFormat, digits: string, isNegative: boolean, spaces: number) {
    this.#format = format;
    this.#digits = digits;
    this.#isNegative = isNegative;
    this.#spaces = spaces;
    this.#last = lastRelevant(format, digits, spaces);
    const ownSign = format.plus || format.minus;
    this.#brackets = format.brackets && (ownSign || isNegative || !format.isBare);
    this.#signWritten = ownSign ? format.minus : !isNegative && format.isBare;
    this.#count = format.before + format.behind - 1 + (!this.#signWritten && spaces === 0 ? 1 : 0);
  }

  write(): string {
    for (const part of this.#format.parts) {
      if ("text" in part) this.#text += part.text;
      else this.#keyword(part.keyword);
    }
    return this.#text;
  }

  #keyword(keyword: string): void {
    const filled = this.#format.isBare ? "" : " ";
    switch (keyword.toUpperCase()) {
      case "9":
      case "0":
      case ".":
        this.#writePlace(keyword);
        return;
      case ",":
        this.#text += this.#isInNumber ? "," : filled;
        return;
      case "MI":
        this.#text += this.#isNegative ? "-" : filled;
        return;
      case "PL":
        this.#text += this.#isNegative ? filled : "+";
        return;
      case "SG":
        this.#text += this.#isNegative ? "-" : "+";
        return;
      case "TH":
        if (!this.#digits.startsWith("#") && !this.#isNegative && !this.#format.hasPoint)
          this.#text += withEnding(this.#digits, keyword === "TH" ? "TH" : "th").slice(this.#digits.length);
        return;
      default:
        return;
    }
  }

  /** A zero before the point that stands alone is not shown where no zero is asked for. */
  #isBlankZero(): boolean {
    return this.#format.zeroStart < 0 && this.#at === 0 && this.#digits.startsWith("0") && this.#format.behind > 0;
  }

  #endsAtPoint(): boolean {
    return this.#last >= 0 && this.#digits[this.#last] === ".";
  }

  #writeSign(): void {
    const { zeroStart, isBare } = this.#format;
    const begins = this.#place >= this.#spaces || zeroStart === this.#place;
    if (this.#signWritten || !begins || (this.#isBlankZero() && !this.#endsAtPoint())) return;
    if (this.#brackets) this.#text += this.#isNegative ? "<" : " ";
    else if (this.#isNegative) this.#text += "-";
    else if (!isBare) this.#text += " ";
    this.#signWritten = true;
  }

  #writePlace(keyword: string): void {
    const { zeroStart, isBare, hasPoint } = this.#format;
    this.#isInNumber = false;
    this.#writeSign();
    const isBefore = this.#place < this.#spaces;
    if (isBefore && (zeroStart < 0 || zeroStart > this.#place)) {
      if (!isBare) this.#text += " ";
    } else if (isBefore) {
      this.#text += "0";
      this.#isInNumber = true;
    } else {
      this.#writeDigit(keyword);
    }
    let end = this.#count + (this.#spaces > 0 ? 1 : 0) + (hasPoint ? 1 : 0);
    if (this.#last >= 0 && this.#last === this.#at) end = this.#place;
    if (this.#place + 1 === end && this.#signWritten && this.#brackets) this.#text += this.#isNegative ? ">" : " ";
    this.#place++;
  }

  #writeDigit(keyword: string): void {
    const { isBare } = this.#format;
    const digit = this.#digits[this.#at];
    if (digit === undefined) throw declined("to_char() of a number with fewer digits than its format");
    if (digit === ".") {
      this.#text += ".";
    } else if (this.#last >= 0 && this.#at > this.#last && keyword !== "0") {
      // FM leaves trailing zeros out.
    } else if (this.#isBlankZero()) {
      if (!isBare) this.#text += " ";
      else if (this.#endsAtPoint()) this.#text += "0";
    } else {
      this.#text += digit;
      this.#isInNumber = true;
    }
    this.#at++;
  }
}

const parsed = new Map<string, NumberFormat | null>();
const MAX_PARSED = 500;

function formatOf(text: string): NumberFormat {
  let format = parsed.get(text);
  if (format === undefined) {
    format = parseNumberFormat(text);
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(text, format);
  }
  if (format === null) throw declined("to_char() of a number with such a format");
  return format;
}

/** `digits` have as many places behind the point as the format. */
function formatDigits(format: NumberFormat, digits: string, isNegative: boolean): string {
  const point = digits.indexOf(".");
  const length = point < 0 ? digits.length : point;
  const shown = length > format.before ? overflowed(format) : digits;
  return new NumberWriter(format, shown, isNegative, Math.max(0, format.before - length)).write();
}

function formatInteger(value: number | bigint, text: string): string {
  if (text === "") return "";
  const format = formatOf(text);
  const digits = String(value).replace("-", "");
  const zeros = format.behind > 0 ? `.${"0".repeat(format.behind)}` : "";
  return formatDigits(format, digits + zeros, value < 0);
}

function formatNumeric(value: Decimal, text: string): string {
  if (text === "") return "";
  const format = formatOf(text);
  if (value.kind !== "finite") throw declined("to_char() of a number that is not finite");
  const rounded = formatDecimal(roundDecimal(value, format.behind));
  return formatDigits(format, rounded.replace("-", ""), rounded.startsWith("-"));
}

/** `to_char(number, format)`, of formats that hang on no locale. */
export const NUMBER_FORMATTING: FunctionTable = {
  int4_to_char: formatInteger,
  int8_to_char: formatInteger,
  numeric_to_char: formatNumeric,
};
