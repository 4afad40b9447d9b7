/** SQLSTATE codes an expression can fail with (PostgreSQL manual, appendix A). */
export const EvaluationState = {
  divisionByZero: "22012",
  dataException: "22000",
  nullValueNotAllowed: "22004",
  arraySubscriptError: "2202E",
  numericValueOutOfRange: "22003",
  datetimeFieldOverflow: "22008",
  invalidParameterValue: "22023",
  stringDataRightTruncation: "22001",
  stringDataLengthMismatch: "22026",
  substringError: "22011",
  invalidEscapeSequence: "22025",
  invalidArgumentForLogarithm: "2201E",
  invalidArgumentForPowerFunction: "2201F",
  invalidArgumentForWidthBucket: "2201G",
  invalidTextRepresentation: "22P02",
  programLimitExceeded: "54000",
  cardinalityViolation: "21000",
  featureNotSupported: "0A000",
} as const;

/**
 * An expression failed on a row. The engine turns it into an error delta: a view with errors in scope
 * forwards upstream. `declined`: PostgreSQL may well have an answer, but this engine cannot give it exactly.
 */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
  readonly code: string;
  readonly declined: boolean;

  constructor(code: string, message: string, declined = false) {
    super(message);
    this.code = code;
    this.declined = declined;
  }
}

/** The error for what cannot be evaluated exactly here. */
export function declined(what: string): EvaluationError {
  return new EvaluationError(EvaluationState.featureNotSupported, `${what} is not evaluated in caches`, true);
}

export function divisionByZero(): EvaluationError {
  return new EvaluationError(EvaluationState.divisionByZero, "division by zero");
}

export function outOfRange(what: string): EvaluationError {
  return new EvaluationError(EvaluationState.numericValueOutOfRange, what);
}
