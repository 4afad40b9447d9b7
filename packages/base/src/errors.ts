/** SQLSTATE codes that Freshet itself raises (PostgreSQL manual, appendix A). */
export const SqlState = {
  lockNotAvailable: "55P03",
  connectionFailure: "08006",
  cannotConnect: "08001",
  protocolViolation: "08P01",
  featureNotSupported: "0A000",
  insufficientPrivilege: "42501",
  syntaxError: "42601",
  duplicateObject: "42710",
  undefinedObject: "42704",
  invalidParameterValue: "22023",
  objectNotInPrerequisiteState: "55000",
  objectInUse: "55006",
  programLimitExceeded: "54000",
  configFileError: "F0000",
  adminShutdown: "57P01",
  cannotConnectNow: "57P03",
  queryCanceled: "57014",
  internalError: "XX000",
  invalidSqlStatementName: "26000",
  tooManyConnections: "53300",
  configurationLimitExceeded: "53400",
  invalidAuthorization: "28000",
  invalidPassword: "28P01",
} as const;

export type SqlStateCode = (typeof SqlState)[keyof typeof SqlState];

export interface ErrorDetails {
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** 1-based character position in the statement text. */
  readonly position?: number | undefined;
  readonly cause?: unknown;
}

/** An error that can be shown to a client in PostgreSQL's own form. */
export class FreshetError extends Error {
  override readonly name = "FreshetError";
  readonly code: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly position: number | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.detail = details.detail;
    this.hint = details.hint;
    this.position = details.position;
  }
}

/** The message of anything that was thrown. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
