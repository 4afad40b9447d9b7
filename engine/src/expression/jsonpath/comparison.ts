import { compareDecimal } from "@freshet/values";
import { compareBooleans, compareText } from "../functions/comparison.ts";
import { type JsonItem, type MomentType, notKnown } from "./json-item.ts";
import type { ComparisonOperator } from "./syntax.ts";

/** Truth of a predicate; null is unknown. */
export type Truth = boolean | null;

const DATE_LENGTH = "2000-01-01".length;

/** A moment's text such that moments of comparable kinds order as their texts do. */
function sortable(type: MomentType, text: string): string {
  return type === "date" ? `${text}T00:00:00` : text.length === DATE_LENGTH ? text : text.replace(/\.?0*$/, trimmed);
}

/** Zeros behind a decimal point are cut off, others stay. */
function trimmed(zeros: string): string {
  return zeros.startsWith(".") ? "" : zeros;
}

function compareMoments(
  a: JsonItem & { readonly kind: "moment" },
  b: JsonItem & { readonly kind: "moment" },
): number | null {
  const isTime = (type: MomentType): boolean => type === "time without time zone";
  if (isTime(a.type) !== isTime(b.type)) return null;
  return compareText(sortable(a.type, a.text), sortable(b.type, b.text));
}

/** The order of two items of one kind; null where they have none. */
function compareItems(a: JsonItem, b: JsonItem): number | null {
  switch (a.kind) {
    case "null":
      return 0;
    case "boolean":
      return b.kind === "boolean" ? compareBooleans(a.value, b.value) : null;
    case "number":
      return b.kind === "number" ? compareDecimal(a.value, b.value) : null;
    case "string":
      return b.kind === "string" ? compareText(a.value, b.value) : null;
    case "moment":
      return b.kind === "moment" ? compareMoments(a, b) : null;
    default:
      return null;
  }
}

function decide(operator: ComparisonOperator, order: number): boolean {
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case ">":
      return order > 0;
    case "<=":
      return order <= 0;
    case ">=":
      return order >= 0;
  }
}

/** Null differs from all else and has no order with it; other items of different kinds cannot be compared. */
export function compare(operator: ComparisonOperator, a: JsonItem, b: JsonItem): Truth {
  if (a.kind === "unknown" || b.kind === "unknown") throw notKnown();
  if ((a.kind === "null") !== (b.kind === "null")) return operator === "!=";
  const order = compareItems(a, b);
  return order === null ? null : decide(operator, order);
}
