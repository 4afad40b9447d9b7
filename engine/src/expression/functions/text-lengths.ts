import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import type { FunctionTable } from "./scalar-function.ts";
import { characterCount, characterSlice } from "./text-units.ts";

/** VARHDRSZ: a length typmod is the number of characters plus this; below it there is no limit. */
const HEADER = 4;

/** Cuts to `limit` characters. Only an explicit cast may cut what is not blank. */
function cut(text: string, limit: number, explicit: boolean, typeName: string): string {
  const rest = characterSlice(text, limit, Infinity);
  if (!explicit && /[^ ]/.test(rest)) {
    throw new EvaluationError(
      EvaluationState.stringDataRightTruncation,
      `value too long for type ${typeName}(${limit})`,
    );
  }
  return characterSlice(text, 0, limit);
}

/** varchar(n). */
function coerceVarchar(text: string, typmod: number, explicit: boolean): string {
  if (typmod < HEADER || characterCount(text) <= typmod - HEADER) return text;
  return cut(text, typmod - HEADER, explicit, "character varying");
}

/** char(n): padded with blanks to its length. */
function coerceBpchar(text: string, typmod: number, explicit: boolean): string {
  if (typmod < HEADER) return text;
  const limit = typmod - HEADER;
  const count = characterCount(text);
  return count <= limit ? text + " ".repeat(limit - count) : cut(text, limit, explicit, "character");
}

export const TEXT_LENGTH_COERCIONS: FunctionTable = { varchar: coerceVarchar, bpchar: coerceBpchar };
