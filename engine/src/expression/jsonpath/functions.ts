import type { Value } from "@freshet/values";
import { arrayText, textOf } from "./json-item.ts";
import type { FunctionTable } from "../functions/scalar-function.ts";
import type { SetFunctionTable } from "../set-functions/set-function.ts";
import { checkVariables, PathExecutor } from "./executor.ts";
import { parsePath } from "./parser.ts";
import { pathError } from "./path-error.ts";
import type { JsonPath } from "./syntax.ts";

/** Parsed paths by text: a path is a constant nearly always. */
const CACHE_LIMIT = 256;
const parsed = new Map<string, JsonPath>();

function pathOf(text: string): JsonPath {
  let path = parsed.get(text);
  if (path === undefined) {
    path = parsePath(text);
    if (parsed.size >= CACHE_LIMIT) parsed.clear();
    parsed.set(text, path);
  }
  return path;
}

function executor(document: string, path: string, variables: string, silent: boolean): PathExecutor {
  checkVariables(variables);
  return new PathExecutor(pathOf(path), document, variables, !silent);
}

function exists(document: string, path: string, variables: string, silent: boolean): Value | null {
  const outcome = executor(document, path, variables, silent).exists();
  return outcome === "error" ? null : outcome === "ok";
}

/** The one boolean that the path must give. */
function match(document: string, path: string, variables: string, silent: boolean): Value | null {
  const items = executor(document, path, variables, silent).query();
  const [item] = items;
  if (items.length === 1 && item?.kind === "boolean") return item.value;
  if ((items.length === 1 && item?.kind === "null") || silent) return null;
  throw pathError("singletonRequired", "single boolean result is expected");
}

function first(document: string, path: string, variables: string, silent: boolean): Value | null {
  const [item] = executor(document, path, variables, silent).query();
  return item === undefined ? null : textOf(item);
}

export const JSONPATH_FUNCTIONS: FunctionTable = {
  jsonb_path_exists: exists,
  jsonb_path_exists_opr: (document: string, path: string) => exists(document, path, "{}", true),
  jsonb_path_match: match,
  jsonb_path_match_opr: (document: string, path: string) => match(document, path, "{}", true),
  jsonb_path_query_array: (document: string, path: string, variables: string, silent: boolean) =>
    arrayText(executor(document, path, variables, silent).query()),
  jsonb_path_query_first: first,
};

export const JSONPATH_SETS: SetFunctionTable = {
  jsonb_path_query: (document: string, path: string, variables: string, silent: boolean) =>
    executor(document, path, variables, silent).query().map(textOf),
};

/** Throws a declining EvaluationError for a path that is not followed here. */
export function checkPath(text: string): void {
  pathOf(text);
}
