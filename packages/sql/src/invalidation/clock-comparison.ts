import type { TreeNode } from "../analysis/node-tree.ts";
import type { ClockMoment } from "./invalidation-plan.ts";

/** A column of the comparison's own query level, compared by `<`, `<=`, `>` or `>=` with a moment that moves with the clock. */
export interface ClockComparison {
  readonly varno: number;
  readonly attribute: number;
  readonly moment: ClockMoment;
}

// OIDs of built-in operators and functions, which are the same on every server.

/** `<`, `<=`, `>`, `>=` between date, timestamp and timestamptz, of which at least one has a time. */
const MOMENT_COMPARISONS: ReadonlySet<number> = new Set([
  1322, 1323, 1324, 1325, 2062, 2063, 2064, 2065, 2345, 2346, 2348, 2349, 2358, 2359, 2361, 2362, 2371, 2372, 2374,
  2375, 2384, 2385, 2387, 2388, 2534, 2535, 2537, 2538, 2540, 2541, 2543, 2544,
]);
const INTERVAL_COMPARISONS: ReadonlySet<number> = new Set([1332, 1333, 1334, 1335]);
const MOMENT_MINUS_MOMENT: ReadonlySet<number> = new Set([1328, 2067]);
/** By operator, the sign of the interval on its right. */
const MOMENT_AND_INTERVAL: ReadonlyMap<number, bigint> = new Map([
  [1327, 1n],
  [2066, 1n],
  [1329, -1n],
  [2068, -1n],
]);
const NOW: ReadonlySet<number> = new Set([1299, 2647]);
const TIMESTAMPTZ_TO_TIMESTAMP = 2027;
const TIMESTAMPTZ_AT_ZONE = 1159;
/** `SQLValueFunctionOp` without a precision. */
const CURRENT_TIMESTAMP = 3;
const LOCALTIMESTAMP = 7;

const INTERVAL_TYPE = 1186;
const INTERVAL_BYTES = 16;
const HEADER_BYTES = 4;
const MINUTE_MICROSECONDS = 60_000_000n;
const HOUR_MICROSECONDS = 60n * MINUTE_MICROSECONDS;
const DAY_MICROSECONDS = 24n * HOUR_MICROSECONDS;
const DAYS_IN_MONTH = 30n;
/** Larger ones (and infinite intervals) leave the range of timestamps anyhow. */
const MAX_DAYS = 3_660_000n;

interface Interval {
  readonly months: bigint;
  readonly days: bigint;
  readonly microseconds: bigint;
}

/** Null where the node is anything else. */
export function clockComparison(node: TreeNode): ClockComparison | null {
  if (node.type !== "OPEXPR") return null;
  const [left, right] = node.nodes("args");
  if (left === undefined || right === undefined) return null;
  const operator = node.int("opno");
  if (MOMENT_COMPARISONS.has(operator)) return columnAndMoment(left, right) ?? columnAndMoment(right, left);
  if (INTERVAL_COMPARISONS.has(operator)) return spanAndInterval(left, right) ?? spanAndInterval(right, left);
  return null;
}

function columnAndMoment(column: TreeNode, moving: TreeNode): ClockComparison | null {
  const moment = momentOf(moving);
  return moment === null ? null : comparison(column, moment);
}

/** `now() - column` or `column - now()` beside a constant: as far from now on one side of it. */
function spanAndInterval(span: TreeNode, constant: TreeNode): ClockComparison | null {
  const interval = intervalOf(constant);
  if (interval === null || span.type !== "OPEXPR" || !MOMENT_MINUS_MOMENT.has(span.int("opno"))) return null;
  const [from, to] = span.nodes("args");
  if (from === undefined || to === undefined) return null;
  // Intervals are compared as if all days and months were of one length.
  const days = interval.days + DAYS_IN_MONTH * interval.months;
  const microseconds = interval.microseconds + DAY_MICROSECONDS * days;
  const [column, now, sign] = from.type === "VAR" ? [from, to, 1n] : [to, from, -1n];
  const base = baseOf(now);
  if (base === null) return null;
  return comparison(column, withOffset(base, { months: 0n, days: 0n, microseconds }, sign));
}

function comparison(column: TreeNode, moment: ClockMoment): ClockComparison | null {
  if (column.type !== "VAR" || column.int("varlevelsup") !== 0 || column.int("varattno") <= 0) return null;
  return { varno: column.int("varno"), attribute: column.int("varattno"), moment };
}

/** The current time, or that with constant intervals added or taken away. */
function momentOf(node: TreeNode): ClockMoment | null {
  const base = baseOf(node);
  if (base !== null || node.type !== "OPEXPR") return base;
  const sign = MOMENT_AND_INTERVAL.get(node.int("opno"));
  const [left, right] = node.nodes("args");
  if (sign === undefined || left === undefined || right === undefined) return null;
  const moment = momentOf(left);
  const interval = intervalOf(right);
  return moment === null || interval === null ? null : withOffset(moment, interval, sign);
}

function baseOf(node: TreeNode): ClockMoment | null {
  if (isNow(node)) return { base: "now", offsets: [] };
  if (node.type === "SQLVALUEFUNCTION")
    return node.int("op") === LOCALTIMESTAMP ? { base: "local", offsets: [] } : null;
  if (node.type !== "FUNCEXPR") return null;
  const [first, second] = node.nodes("args");
  if (first === undefined) return null;
  if (node.int("funcid") === TIMESTAMPTZ_TO_TIMESTAMP) return isNow(first) ? { base: "local", offsets: [] } : null;
  if (node.int("funcid") !== TIMESTAMPTZ_AT_ZONE || second === undefined || !isNow(second)) return null;
  if (first.type !== "CONST" || first.flag("constisnull")) return null;
  const zone = first.datum("constvalue").bytes.subarray(HEADER_BYTES).toString("utf8");
  return { base: "zone", zone, offsets: [] };
}

function isNow(node: TreeNode): boolean {
  if (node.type === "SQLVALUEFUNCTION") return node.int("op") === CURRENT_TIMESTAMP;
  return node.type === "FUNCEXPR" && NOW.has(node.int("funcid"));
}

function withOffset(moment: ClockMoment, interval: Interval, sign: bigint): ClockMoment {
  const { months, days, microseconds } = interval;
  // Fields of an interval that is written as text have 32 bits up to PostgreSQL 14.
  const parts = [
    [months, "months"],
    [days, "days"],
    [microseconds / HOUR_MICROSECONDS, "hours"],
    [(microseconds % HOUR_MICROSECONDS) / MINUTE_MICROSECONDS, "minutes"],
    [microseconds % MINUTE_MICROSECONDS, "microseconds"],
  ] as const;
  const offsets = parts.flatMap(([amount, unit]) => (amount === 0n ? [] : [`${sign * amount} ${unit}`]));
  return { ...moment, offsets: [...moment.offsets, ...offsets] };
}

/** Of a constant of the type; as it lies in the memory of a server whose integers begin with their lowest byte. */
function intervalOf(node: TreeNode): Interval | null {
  if (node.type !== "CONST" || node.int("consttype") !== INTERVAL_TYPE || node.flag("constisnull")) return null;
  const { bytes } = node.datum("constvalue");
  if (bytes.length !== INTERVAL_BYTES) return null;
  const microseconds = bytes.readBigInt64LE(0);
  const days = BigInt(bytes.readInt32LE(8));
  const months = BigInt(bytes.readInt32LE(12));
  const largest = [microseconds / DAY_MICROSECONDS, days, months * DAYS_IN_MONTH];
  return largest.every((size) => size < MAX_DAYS && size > -MAX_DAYS) ? { months, days, microseconds } : null;
}
