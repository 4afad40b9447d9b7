import type { TreeNode } from "../analysis/node-tree.ts";

/** OIDs of built-in functions, which are the same on every server. */
const NOW: ReadonlySet<number> = new Set([1299, 2647]);
const TIMESTAMPTZ_TO_DATE = 1178;
const TIMESTAMP_TO_DATE = 2029;
const TRUNCATE_TIMESTAMPTZ = 1217;

/** `SQLValueFunctionOp` of CURRENT_TIMESTAMP and LOCALTIMESTAMP. */
const CURRENT_TIMESTAMP = 3;
const LOCALTIMESTAMP = 7;

/** Units of which none is shorter than a day. */
const DAY_UNITS: ReadonlySet<string> = new Set([
  "day",
  "week",
  "month",
  "quarter",
  "year",
  "decade",
  "century",
  "millennium",
]);

/** Length word of a text in memory. */
const HEADER_BYTES = 4;

/** Whether the expression reads the clock, but changes at midnight of the session's time zone at the earliest. */
export function isDaily(node: TreeNode): boolean {
  if (node.type !== "FUNCEXPR") return false;
  const [first, second] = node.nodes("args");
  switch (node.int("funcid")) {
    case TIMESTAMPTZ_TO_DATE:
      return isClock(first, CURRENT_TIMESTAMP);
    case TIMESTAMP_TO_DATE:
      return isClock(first, LOCALTIMESTAMP);
    case TRUNCATE_TIMESTAMPTZ:
      return isDayUnit(first) && isClock(second, CURRENT_TIMESTAMP);
    default:
      return false;
  }
}

function isClock(node: TreeNode | undefined, valueFunction: number): boolean {
  if (node?.type === "SQLVALUEFUNCTION") return node.int("op") === valueFunction;
  return valueFunction === CURRENT_TIMESTAMP && node?.type === "FUNCEXPR" && NOW.has(node.int("funcid"));
}

function isDayUnit(node: TreeNode | undefined): boolean {
  if (node?.type !== "CONST" || node.flag("constisnull")) return false;
  return DAY_UNITS.has(node.datum("constvalue").bytes.subarray(HEADER_BYTES).toString("latin1").toLowerCase());
}
