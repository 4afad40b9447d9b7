import { FreshetError, SqlState } from "@freshet/base";

/** The one error that decoding outside input raises: SQLSTATE 08P01. */
export function protocolViolation(message: string, detail?: string): FreshetError {
  return new FreshetError(SqlState.protocolViolation, message, { detail });
}
