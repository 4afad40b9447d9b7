import { type ColumnType, Oid } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import type { FunctionInfo } from "./catalog.ts";
import { BOOL_TYPE } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";

const TEXT_TYPE: ColumnType = { typeOid: Oid.text, typmod: -1, collation: 100 };
const TRUE: Expression = { kind: "constant", value: "\u0001", type: BOOL_TYPE };
const FALSE: Expression = { kind: "constant", value: "\0", type: BOOL_TYPE };
const JSONB_TYPE: ColumnType = { typeOid: Oid.jsonb, typmod: -1, collation: 0 };
const NO_VARIABLES: Expression = { kind: "constant", value: "\u0001{}", type: JSONB_TYPE };
const NFC: Expression = { kind: "constant", value: "NFC", type: TEXT_TYPE };

const ZERO: Expression = {
  kind: "constant",
  value: "\0".repeat(4),
  type: { typeOid: Oid.int4, typmod: -1, collation: 0 },
};
const FLOAT_ZERO: Expression = {
  kind: "constant",
  value: "\0".repeat(8),
  type: { typeOid: Oid.float8, typmod: -1, collation: 0 },
};

/** Defaults of last parameters that analysed trees leave out (PostgreSQL's planner adds them), by C symbol. */
const DEFAULTS: ReadonlyMap<string, readonly Expression[]> = new Map([
  ["jsonb_set", [TRUE]],
  ["jsonb_insert", [FALSE]],
  ["jsonb_set_lax", [TRUE, { kind: "constant", value: "use_json_null", type: TEXT_TYPE }]],
  ["jsonb_strip_nulls", [FALSE]],
  ["json_strip_nulls", [FALSE]],
  ["jsonb_path_exists", [NO_VARIABLES, FALSE]],
  ["jsonb_path_match", [NO_VARIABLES, FALSE]],
  ["jsonb_path_query", [NO_VARIABLES, FALSE]],
  ["jsonb_path_query_array", [NO_VARIABLES, FALSE]],
  ["jsonb_path_query_first", [NO_VARIABLES, FALSE]],
  ["unicode_normalize_func", [NFC]],
  ["unicode_is_normalized", [NFC]],
  ["make_interval", [...Array.from({ length: 6 }, () => ZERO), FLOAT_ZERO]],
]);

/** The arguments with the defaults of those that the call leaves out. */
export function withDefaults(info: FunctionInfo, args: readonly Expression[]): readonly Expression[] {
  const missing = info.parameterCount - args.length;
  if (missing <= 0) return args;
  const defaults = DEFAULTS.get(info.symbol) ?? [];
  if (defaults.length < missing) throw unsupported(`function ${info.name}() with default arguments is not supported`);
  return [...args, ...defaults.slice(defaults.length - missing)];
}
