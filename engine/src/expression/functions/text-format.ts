import { EvaluationError, EvaluationState, declined, outOfRange } from "../evaluation-error.ts";
import { quoteLiteral } from "./quoting.ts";
import type { NullableBuilder } from "./scalar-function.ts";
import { characterCount } from "./text-units.ts";

type Texts = readonly (string | null)[];

function wrong(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.invalidParameterValue, message);
}

const INT4_MAX = 2_147_483_647;

/** A number of digits that stands in the format. */
function wholeNumber(digits: string): number {
  const value = Number(digits);
  if (value > INT4_MAX) throw outOfRange("number is out of range");
  return value;
}

/** The position of an argument, from 1 on. */
function position(digits: string): number {
  const value = wholeNumber(digits);
  if (value === 0) throw wrong("format specifies argument 0, but arguments are numbered from 1");
  return value;
}

interface Specifier {
  /** 0: the next one. */
  readonly argument: number;
  readonly isLeft: boolean;
  readonly width: number;
  /** Where the width is an argument: its position, 0 for the next one. */
  readonly widthArgument: number | null;
  readonly conversion: string;
  readonly length: number;
}

/** `[position$][-][width | * | *position$]conversion` behind a percent sign. */
const SPECIFIER = /^(?:(\d+)\$)?(-*)(?:(\d+)|\*(?:(\d+)(\$?))?)?/;

function parse(rest: string): Specifier {
  const match = SPECIFIER.exec(rest);
  const [all = "", argument, dashes = "", width, widthArgument, dollar] = match ?? [];
  const parsed = {
    argument: argument === undefined ? 0 : position(argument),
    isLeft: dashes !== "",
    width: width === undefined ? 0 : wholeNumber(width),
  };
  const ofArgument = all.includes("*") ? (widthArgument === undefined ? 0 : position(widthArgument)) : null;
  if (widthArgument !== undefined && dollar !== "$") throw wrong('width argument position must be ended by "$"');
  const conversion = rest.charAt(all.length);
  if (conversion === "") throw wrong("unterminated format() type specifier");
  return { ...parsed, widthArgument: ofArgument, conversion, length: all.length + 1 };
}

function padded(text: string, width: number, isLeft: boolean): string {
  const missing = Math.abs(width) - characterCount(text);
  if (missing <= 0) return text;
  return isLeft || width < 0 ? text + " ".repeat(missing) : " ".repeat(missing) + text;
}

function converted(conversion: string, value: string | null): string {
  if (conversion === "s") return value ?? "";
  if (conversion === "L") return value === null ? "NULL" : quoteLiteral(value);
  // What is quoted hangs on the server's keywords and on the session's quote_all_identifiers.
  if (conversion === "I") throw declined("format() with %I");
  throw wrong(`unrecognized format() type specifier "${conversion}"`);
}

function widthOf(text: string | null): number {
  if (text === null) return 0;
  if (!/^-?\d+$/.test(text)) throw declined("a width that is no integer");
  const width = Number(text);
  if (width > INT4_MAX || width <= -INT4_MAX) throw outOfRange("number is out of range");
  return width;
}

/** `format`. Plans hand over texts only, as other types' output could hang on the session's settings. */
function format(template: string | null, args: Texts): string | null {
  if (template === null) return null;
  let next = 1;
  const take = (wanted: number): string | null => {
    const at = wanted > 0 ? wanted : next;
    if (at > args.length) throw wrong("too few arguments for format()");
    next = at + 1;
    return args[at - 1] ?? null;
  };
  let result = "";
  let at = 0;
  for (let percent = template.indexOf("%"); percent >= 0; percent = template.indexOf("%", at)) {
    result += template.slice(at, percent);
    at = percent + 1;
    if (template.charAt(at) === "%") {
      result += "%";
      at++;
      continue;
    }
    const { argument, isLeft, width, widthArgument, conversion, length } = parse(template.slice(at));
    if (!"sIL".includes(conversion)) throw wrong(`unrecognized format() type specifier "${conversion}"`);
    const wide = widthArgument === null ? width : widthOf(take(widthArgument));
    result += padded(converted(conversion, take(argument)), wide, isLeft);
    at += length;
  }
  return result + template.slice(at);
}

export const TEXT_FORMAT: Readonly<Record<string, NullableBuilder>> = {
  text_format: () => {
    return (template: string | null, ...args: (string | null)[]) => format(template, args);
  },
  text_format_nv: () => (template: string | null) => format(template, []),
};
