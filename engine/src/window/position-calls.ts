import type { WindowCall } from "@freshet/sql";
import { columnsOf } from "@freshet/sql";
import type { ColumnType } from "@freshet/values";
import type { RowView } from "../expression/row-view.ts";
import { unsupported } from "../expression/unsupported.ts";
import { type BytesReader, compileBytes, type CompileContext } from "../operators/evaluate.ts";
import { type CompiledCall, type Evaluate, type Needs, NO_NEEDS, rowsReach, type Stretch } from "./compiled-call.ts";
import { constantValue, isConstant } from "./constant-value.ts";

type FunctionCall = Extract<WindowCall, { kind: "function" }>;

function int8(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

function int4(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function float8(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

/** Rows of the partition before the row's peers. */
function peersStart({ rows, base }: Stretch, row: number): number {
  const group = rows.groupOf(row);
  if (group === 0 && base.continues(rows.entry(row))) return base.groupStart;
  return base.position + rows.groupStart(group);
}

function rowsInAll({ total, rows }: Stretch): number {
  return total?.position ?? rows.length;
}

/** A function of the row's place alone. */
function positional(needs: Partial<Needs>, begin: (stretch: Stretch) => Evaluate): CompiledCall {
  return { needs: { ...NO_NEEDS, position: true, ...needs }, readArguments: () => [], begin };
}

const peers = [{ kind: "groups", count: 0 }] as const;

const rowNumber =
  (stretch: Stretch): Evaluate =>
  (row) =>
    int8(stretch.base.position + row + 1);

const rank =
  (stretch: Stretch): Evaluate =>
  (row) =>
    int8(peersStart(stretch, row) + 1);

const denseRank = (stretch: Stretch): Evaluate => {
  const { base, rows } = stretch;
  const continued = rows.length > 0 && base.continues(rows.entry(0)) ? 1 : 0;
  return (row) => int8(base.groups - continued + rows.groupOf(row) + 1);
};

const percentRank = (stretch: Stretch): Evaluate => {
  const all = rowsInAll(stretch);
  return (row) => float8(all <= 1 ? 0 : peersStart(stretch, row) / (all - 1));
};

const cumeDist = (stretch: Stretch): Evaluate => {
  const { base, rows } = stretch;
  const all = rowsInAll(stretch);
  return (row) => float8((base.position + rows.groupStart(rows.groupOf(row) + 1)) / all);
};

/** The first `all % buckets` buckets have one row more than the others. */
function bucketOf(place: number, all: number, buckets: number): number {
  const small = Math.floor(all / buckets);
  const larger = all % buckets;
  const inLarger = larger * (small + 1);
  return place < inLarger ? Math.floor(place / (small + 1)) + 1 : larger + Math.floor((place - inLarger) / small) + 1;
}

function compileNtile(call: FunctionCall, context: CompileContext): CompiledCall {
  const [arg] = call.args;
  if (arg === undefined || !isConstant(arg)) throw unsupported("ntile() whose argument is not a constant");
  const buckets = constantValue(arg, context);
  if (buckets !== null && (typeof buckets !== "number" || buckets <= 0)) throw unsupported("ntile() of no buckets");
  return positional({ total: true }, (stretch) => {
    const all = rowsInAll(stretch);
    return (row) => (buckets === null ? null : int4(bucketOf(stretch.base.position + row, all, buckets)));
  });
}

export function readInt4(bytes: Buffer | null | undefined): number | null {
  return bytes === null || bytes === undefined ? null : bytes.readInt32BE(0);
}

/** lag and lead: the value of the row so many rows away, or the default where there is none. */
function compileShift(
  call: FunctionCall,
  index: number,
  columns: readonly ColumnType[],
  context: CompileContext,
): CompiledCall {
  const sign = call.name === "lag" ? -1 : 1;
  const readers: BytesReader[] = call.args.map((arg) => compileBytes(arg, columns, context));
  const offset = call.args[1];
  const fixed = offset === undefined || columnsOf(offset).size === 0;
  const distance = offset === undefined ? 1 : fixed ? (constantValue(offset, context) as number | null) : null;
  const shift = fixed && distance !== null ? sign * distance : 0;
  const reaches = fixed ? { back: rowsReach(-shift), forward: rowsReach(shift) } : { everything: true };
  return {
    needs: { ...NO_NEEDS, ...reaches },
    readArguments: (view: RowView) => readers.map((read) => read(view)),
    begin:
      ({ rows }) =>
      (row) => {
        const own = rows.args(row, index) ?? [];
        const away = fixed ? distance : readInt4(own[1]);
        if (away === null) return null;
        const other = row + sign * away;
        if (other >= 0 && other < rows.length) return rows.args(other, index)?.[0] ?? null;
        return own[2] ?? null;
      },
  };
}

/** Call number `index` of a window. */
export function compileFunction(
  call: FunctionCall,
  index: number,
  columns: readonly ColumnType[],
  context: CompileContext,
): CompiledCall {
  switch (call.name) {
    case "row_number":
      return positional({}, rowNumber);
    case "rank":
      return positional({}, rank);
    case "dense_rank":
      return positional({ position: false, groups: true }, denseRank);
    case "percent_rank":
      return positional({ total: true }, percentRank);
    case "cume_dist":
      return positional({ total: true, forward: peers }, cumeDist);
    case "ntile":
      return compileNtile(call, context);
    case "lag":
    case "lead":
      return compileShift(call, index, columns, context);
  }
}
