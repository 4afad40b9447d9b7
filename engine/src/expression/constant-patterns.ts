import { parseDateFormat } from "./functions/format-parsing.ts";
import { parseNumberFormat } from "./functions/number-formats.ts";
import type { CallExpression } from "@freshet/sql";
import { fixedOffset } from "@freshet/values";
import { EvaluationError } from "./evaluation-error.ts";
import { checkPath, JSONPATH_FUNCTIONS } from "./jsonpath/functions.ts";
import { LIKE_FUNCTIONS } from "./functions/like.ts";
import { REGEX_FUNCTIONS } from "./functions/regex-functions.ts";
import type { ScalarImplementation } from "./functions/scalar-function.ts";
import { unsupported } from "./unsupported.ts";

const PATTERN_FUNCTIONS: ReadonlySet<string> = new Set([
  ...Object.keys(REGEX_FUNCTIONS),
  ...Object.keys(LIKE_FUNCTIONS),
]);

/** Which argument names a time zone. */
const ZONE_ARGUMENTS: ReadonlyMap<string, number> = new Map([
  ["timestamptz_zone", 0],
  ["timestamp_zone", 0],
  ["timestamptz_trunc_zone", 2],
]);

/** Functions whose second argument is a format, and what reads it: null for one that is not followed. */
const FORMATS: ReadonlyMap<string, (format: string) => unknown> = new Map<string, (format: string) => unknown>([
  ["timestamp_to_char", parseDateFormat],
  ["int4_to_char", parseNumberFormat],
  ["int8_to_char", parseNumberFormat],
  ["numeric_to_char", parseNumberFormat],
]);

/** The value of the constant argument at a position, where it is a text or a number. */
type Decode = (at: number) => string | number | undefined;

/** What the constant arguments behind the first stand for, as texts and numbers; undefined when some are not. */
function constantRest(expression: CallExpression, decode: Decode): readonly (string | number)[] | undefined {
  const rest: (string | number)[] = [];
  for (let at = 1; at < expression.args.length; at++) {
    const value = decode(at);
    if (value === undefined) return undefined;
    rest.push(value);
  }
  return rest;
}

/** Refuses, when it is compiled, a call whose constant pattern or time zone would be declined for each row. */
export function checkConstantPattern(
  expression: CallExpression,
  implementation: ScalarImplementation,
  decode: Decode,
): void {
  const zone = decode(ZONE_ARGUMENTS.get(expression.name) ?? -1);
  if (typeof zone === "string" && expression.zone === undefined && fixedOffset(zone) === undefined) {
    throw unsupported(`${expression.name}() with the time zone "${zone}"`);
  }
  if (expression.name in JSONPATH_FUNCTIONS) return checkConstantPath(decode(1));
  const format = decode(1);
  if (typeof format === "string" && FORMATS.get(expression.name)?.(format) === null) {
    throw unsupported(`to_char() with the format "${format}"`);
  }
  if (!PATTERN_FUNCTIONS.has(expression.name)) return;
  const rest = constantRest(expression, decode);
  if (rest === undefined) return;
  refuseWhereDeclined(() => implementation("", ...rest));
}

/** Refuses a jsonpath that would be declined for each row. */
export function checkConstantPath(path: string | number | undefined): void {
  if (typeof path === "string") refuseWhereDeclined(() => checkPath(path));
}

function refuseWhereDeclined(evaluate: () => void): void {
  try {
    evaluate();
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    if (error.declined) throw unsupported(error.message.replace(/ is not evaluated in caches$/, ""));
  }
}
