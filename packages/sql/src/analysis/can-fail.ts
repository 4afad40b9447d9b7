import type { Expression } from "../plan/expression.ts";
import { columnsOf, walkExpression } from "../plan/expression-walk.ts";

/** Functions behind comparisons of plain types, which give an answer for all values. */
const COMPARISON =
  /^(int[248]+|int24|int42|int28|int82|int48|int84|float[48]+|numeric_?|text_?|bpchar|bool|char|name|date_?|timestamp_?|timestamptz_?|time_?|timetz_?|interval_?|uuid_?|oid|enum_?|bytea|bit|varbit|network_?|macaddr_?|jsonb_?|range_?)(eq|ne|lt|le|gt|ge)$/;

/** Other functions that give an answer for all values of their arguments. */
const TOTAL: ReadonlySet<string> = new Set([
  ...["int24", "int28", "int48", "i2tod", "i4tod", "i8tod", "i2tof", "i4tof", "i8tof", "ftod"],
  ...["int2_numeric", "int4_numeric", "int8_numeric", "int4_bool", "bool_int4"],
  ...["lower", "upper", "initcap", "textlen", "textoctetlen", "btrim", "btrim1", "ltrim", "rtrim", "textcat"],
  ...["textpos", "starts_with", "ascii", "md5_text", "text_reverse", "name_text", "rtrim1", "ltrim1"],
  ...["jsonb_object_field", "jsonb_object_field_text", "jsonb_array_element", "jsonb_array_element_text"],
  ...["jsonb_contains", "jsonb_contained", "jsonb_exists", "jsonb_exists_any", "jsonb_exists_all", "jsonb_typeof"],
  ...["arraycontains", "arraycontained", "arrayoverlap", "array_length", "cardinality"],
  ...["range_contains", "range_contained_by", "range_overlaps", "range_empty"],
]);

/** LIKE and its kind fail only on a pattern that ends within an escape. */
const LIKE = /^(text|name|bpchar)i?c?n?like$/;

const TOTAL_KINDS: ReadonlySet<Expression["kind"]> = new Set([
  "column",
  "constant",
  "parameter",
  "outer",
  "and",
  "or",
  "not",
  "is-null",
  "is-not-null",
  "is-true",
  "is-not-true",
  "is-false",
  "is-not-false",
  "is-unknown",
  "is-not-unknown",
  "distinct-from",
  "nullif",
  "case",
  "coalesce",
  "greatest",
  "least",
]);

const TEXT = 25;

function isTotal(node: Expression): boolean {
  switch (node.kind) {
    case "call": {
      if (COMPARISON.test(node.name) || TOTAL.has(node.name)) return true;
      const pattern = node.args[1];
      return LIKE.test(node.name) && pattern?.kind === "constant" && pattern.value?.includes("\\") !== true;
    }
    case "any":
    case "all":
      return COMPARISON.test(node.name);
    case "text-cast":
      return node.type.typeOid === TEXT;
    default:
      return TOTAL_KINDS.has(node.kind);
  }
}

/**
 * Whether the expression may fail on some rows and not on others, as far as is known: what is not known to give an answer for all
 * values may. What is calculated of constants alone fails on all or on none.
 */
export function canFail(expression: Expression): boolean {
  let total = true;
  walkExpression(expression, (node) => {
    if (columnsOf(node).size === 0) return false;
    total &&= isTotal(node);
    return total;
  });
  return !total;
}
