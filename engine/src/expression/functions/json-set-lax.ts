import { must } from "@freshet/base";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { JSON_CHANGES } from "./json-changes.ts";
import type { NullableBuilder } from "./scalar-function.ts";

const setPath = must(JSON_CHANGES["jsonb_set"]);
const deletePath = must(JSON_CHANGES["jsonb_delete_path"]);

/** `jsonb_set_lax`: like `jsonb_set`, but where the new value is NULL the last argument says what is done. */
export const JSON_SET_LAX: Readonly<Record<string, NullableBuilder>> = {
  jsonb_set_lax: () => (target, path, value, create, treatment) => {
    if (target === null || target === undefined || path === null || path === undefined) return null;
    if (create === null || create === undefined) return null;
    if (treatment === "use_json_null" && (value === null || value === undefined))
      return setPath(target, path, "null", create);
    if (treatment !== null && value !== null && value !== undefined) return setPath(target, path, value, create);
    switch (treatment) {
      case "delete_key":
        return deletePath(target, path);
      case "return_target":
        return target;
      case "raise_exception":
        throw new EvaluationError(EvaluationState.nullValueNotAllowed, "JSON value must not be null");
      default:
        throw new EvaluationError(
          EvaluationState.invalidParameterValue,
          'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"',
        );
    }
  },
};
