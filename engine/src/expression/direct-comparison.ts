import { Oid } from "@freshet/values";
import type { CallExpression, ColumnExpression, Expression } from "@freshet/sql";
import type { CompiledExpression } from "./context.ts";
import type { RowView } from "./row-view.ts";

type Operator = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
/** Compares one column with a constant or another column: -1, 0 or 1, or NULL_RESULT. */
type DirectCompare = (row: RowView) => number;

const NULL_RESULT = 2;

const INTEGER = /^int[248]{1,2}(eq|ne|lt|le|gt|ge)$/;
const DAY = /^(?:date|timestamp)_(eq|ne|lt|le|gt|ge)$/;
const TEXT = /^text(eq|ne)$/;

/**
 * The commonest predicates, `column op constant` and `column op column` of integers, dates,
 * timestamps, and text equality, straight on the row's bytes: no decoded value, no second closure.
 * Undefined for every other shape.
 */
export function compileDirectComparison(expression: CallExpression): CompiledExpression | undefined {
  const [left, right] = expression.args;
  if (left?.kind !== "column" || right === undefined || expression.args.length !== 2) return undefined;
  const text = TEXT.exec(expression.name);
  if (text !== null) return finish(compareTextBytes(left, right), text[1] as Operator);
  const match = INTEGER.exec(expression.name) ?? DAY.exec(expression.name);
  if (match === null) return undefined;
  return finish(compareWords(left, right), match[1] as Operator);
}

function finish(compare: DirectCompare | undefined, operator: Operator): CompiledExpression | undefined {
  return compare === undefined ? undefined : withOperator(compare, operator);
}

function withOperator(compare: DirectCompare, operator: Operator): CompiledExpression {
  switch (operator) {
    case "eq":
      return (row) => {
        const order = compare(row);
        return order === NULL_RESULT ? null : order === 0;
      };
    case "ne":
      return (row) => {
        const order = compare(row);
        return order === NULL_RESULT ? null : order !== 0;
      };
    case "lt":
      return (row) => {
        const order = compare(row);
        return order === NULL_RESULT ? null : order < 0;
      };
    case "le":
      return (row) => {
        const order = compare(row);
        return order === NULL_RESULT ? null : order <= 0;
      };
    case "gt":
      return (row) => {
        const order = compare(row);
        return order === NULL_RESULT ? null : order > 0;
      };
    case "ge":
      return (row) => {
        const order = compare(row);
        return order === NULL_RESULT ? null : order >= 0;
      };
  }
}

const WIDTHS: ReadonlyMap<number, number> = new Map([
  [Oid.int2, 2],
  [Oid.int4, 4],
  [Oid.date, 4],
  [Oid.int8, 8],
  [Oid.timestamp, 8],
  [Oid.timestamptz, 8],
]);

/** Signed big-endian words as high and low halves, so that no bigint is made. */
function compareWords(left: ColumnExpression, right: Expression): DirectCompare | undefined {
  const leftWidth = WIDTHS.get(left.type.typeOid);
  const rightWidth = WIDTHS.get(right.type.typeOid);
  if (leftWidth === undefined || rightWidth === undefined) return undefined;
  if (right.kind === "constant" && right.value !== null) {
    return wordsWithConstant(left.index, leftWidth, Buffer.from(right.value, "latin1"), rightWidth);
  }
  if (right.kind !== "column") return undefined;
  return wordsOfColumns(left.index, leftWidth, right.index, rightWidth);
}

function highWord(buffer: Buffer, at: number, width: number): number {
  if (width === 8) return buffer.readInt32BE(at);
  return (buffer[at] as number) >= 0x80 ? -1 : 0;
}

function lowWord(buffer: Buffer, at: number, width: number): number {
  if (width === 8) return buffer.readUInt32BE(at + 4);
  return (width === 4 ? buffer.readInt32BE(at) : buffer.readInt16BE(at)) >>> 0;
}

function compareHalves(highA: number, lowA: number, highB: number, lowB: number): number {
  if (highA !== highB) return highA < highB ? -1 : 1;
  return lowA < lowB ? -1 : lowA > lowB ? 1 : 0;
}

function wordsWithConstant(index: number, width: number, constant: Buffer, constantWidth: number): DirectCompare {
  const high = highWord(constant, 0, constantWidth);
  const low = lowWord(constant, 0, constantWidth);
  if (width === 4 && high === low >> 31) {
    const value = low | 0;
    return (row) => {
      const at = row.start(index);
      if (at < 0) return NULL_RESULT;
      const found = row.buffer.readInt32BE(at);
      return found < value ? -1 : found > value ? 1 : 0;
    };
  }
  return (row) => {
    const at = row.start(index);
    if (at < 0) return NULL_RESULT;
    return compareHalves(highWord(row.buffer, at, width), lowWord(row.buffer, at, width), high, low);
  };
}

function wordsOfColumns(left: number, leftWidth: number, right: number, rightWidth: number): DirectCompare {
  return (row) => {
    const a = row.start(left);
    const b = row.start(right);
    if (a < 0 || b < 0) return NULL_RESULT;
    const { buffer } = row;
    return compareHalves(
      highWord(buffer, a, leftWidth),
      lowWord(buffer, a, leftWidth),
      highWord(buffer, b, rightWidth),
      lowWord(buffer, b, rightWidth),
    );
  };
}

/** Text equality under a deterministic collation is equality of bytes; only 0 or not 0 matters. */
function compareTextBytes(left: ColumnExpression, right: Expression): DirectCompare | undefined {
  const index = left.index;
  if (right.kind === "constant" && right.value !== null) {
    const constant = Buffer.from(right.value, "latin1");
    return (row) => {
      const at = row.start(index);
      if (at < 0) return NULL_RESULT;
      if (row.length(index) !== constant.length) return 1;
      return sameBytes(row.buffer, at, constant, 0, constant.length) ? 0 : 1;
    };
  }
  if (right.kind !== "column") return undefined;
  const other = right.index;
  return (row) => {
    const a = row.start(index);
    const b = row.start(other);
    if (a < 0 || b < 0) return NULL_RESULT;
    const length = row.length(index);
    if (length !== row.length(other)) return 1;
    return sameBytes(row.buffer, a, row.buffer, b, length) ? 0 : 1;
  };
}

/** A loop beats the native call for short texts. */
const LOOP_BYTES = 40;

function sameBytes(a: Buffer, atA: number, b: Buffer, atB: number, length: number): boolean {
  if (length > LOOP_BYTES) return a.compare(b, atB, atB + length, atA, atA + length) === 0;
  for (let offset = 0; offset < length; offset++) if (a[atA + offset] !== b[atB + offset]) return false;
  return true;
}
