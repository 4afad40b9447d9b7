import { FreshetError, SqlState } from "@freshet/base";

/** What a query needs and the engine's algebra lacks; `what` reads as a sentence about the query. */
export function unsupported(
  what: string,
  help: { readonly detail?: string; readonly hint?: string } = {},
): FreshetError {
  return new FreshetError(SqlState.featureNotSupported, `cannot cache this query: ${what}`, help);
}

/** A slot of the statement that cannot become a view parameter; the planner may keep its literal instead. */
export class UnliftableParameter extends Error {
  override readonly name = "UnliftableParameter";
  /** The parameter's number in the analysed text. */
  readonly parameter: number;
  /** Why, as the end of a sentence that begins with the parameter. */
  readonly reason: string;

  constructor(parameter: number, reason: string) {
    super(`parameter $${parameter} ${reason}`);
    this.parameter = parameter;
    this.reason = reason;
  }
}
