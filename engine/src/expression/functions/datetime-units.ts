import { EvaluationError, EvaluationState } from "../evaluation-error.ts";

/** What the words for units of time stand for, in every spelling that PostgreSQL knows. */
const SPELLINGS: Readonly<Record<string, string>> = {
  microseconds: "us usec usecond useconds usecs",
  milliseconds: "ms msec msecond mseconds msecs",
  second: "s sec second seconds secs",
  minute: "m min mins minute minutes",
  hour: "h hour hours hr hrs",
  day: "d day days",
  week: "w week weeks",
  month: "mon mons month months",
  quarter: "qtr quarter",
  year: "y year years yr yrs",
  decade: "dec decade decades decs",
  century: "c cent centuries century",
  millennium: "mil mils millennia millennium",
  timezone: "timezone",
};

/** Only so many letters of a word count: `microsecond` and `microseconds` are one. */
const LETTERS = 10;
const LONG_SPELLINGS: readonly (readonly [string, string])[] = [
  ["microsecon", "microseconds"],
  ["millisecon", "milliseconds"],
  ["millennium", "millennium"],
  ["timezone_h", "timezone_hour"],
  ["timezone_m", "timezone_minute"],
];

/** Units of `extract` and `date_part` alone. */
const EXTRACTED: readonly (readonly [string, string])[] = [
  ...["epoch", "dow", "isodow", "doy", "isoyear", "julian"].map((unit) => [unit, unit] as const),
  ["j", "julian"],
  ["jd", "julian"],
  ["mm", "minute"],
];

const UNITS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(SPELLINGS).flatMap(([unit, words]) => words.split(" ").map((word) => [word, unit] as const)),
  ...LONG_SPELLINGS,
]);
const EXTRACTED_UNITS: ReadonlyMap<string, string> = new Map([...EXTRACTED, ...UNITS]);

/** ASCII letters alone are folded, as PostgreSQL does it with identifiers. */
function folded(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).slice(0, LETTERS);
}

function unitIn(units: ReadonlyMap<string, string>, text: string): string {
  const unit = units.get(text) ?? units.get(folded(text));
  if (unit !== undefined) return unit;
  throw new EvaluationError(EvaluationState.invalidParameterValue, `unit "${text}" not recognized`);
}

/** The unit that a word given to `date_trunc` stands for, by its full name. */
export function truncatedUnit(text: string): string {
  return unitIn(UNITS, text);
}

/** The unit that a word given to `extract` or `date_part` stands for, by its full name. */
export function extractedUnit(text: string): string {
  return unitIn(EXTRACTED_UNITS, text);
}

/** The error for a unit that a type does not have. */
export function unsupportedUnit(unit: string, type: string): EvaluationError {
  return new EvaluationError(EvaluationState.featureNotSupported, `unit "${unit}" not supported for type ${type}`);
}
