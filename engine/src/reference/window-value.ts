import { must, unreachable } from "@freshet/base";
import { type AggregateCall, isListAggregate, type WindowCall, type WindowFrame, type WindowPlan } from "@freshet/sql";
import { type CodecSet, KeyWriter, packRow, type Row } from "@freshet/values";
import { createListAggregate } from "../aggregate-list/create-list-aggregate.ts";
import { createAccumulator } from "../aggregate-state/create-accumulator.ts";
import { compileExpression } from "../expression/compile.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { compileInRange } from "../window/in-range.ts";

/** A row of a partition, with what a window needs of it. */
export interface WindowMember {
  readonly row: Row;
  readonly partition: string;
  readonly sortKey: Buffer;
  /** The first sort column's value. */
  readonly sort: Buffer | null;
  /** Per call; null where its FILTER leaves the row out. */
  readonly args: readonly (readonly (Buffer | null)[] | null)[];
}

function number(bytes: Buffer | null | undefined): number | null {
  return bytes === null || bytes === undefined ? null : bytes.readInt32BE(0);
}

function int8(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

function float8(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

/** The value of call number `call` at row `index` of its partition, by the definition of each function. */
export function windowValue(
  plan: WindowPlan,
  call: number,
  partition: readonly WindowMember[],
  index: number,
  codecs: CodecSet,
): Buffer | null {
  const windowCall = must(plan.calls[call]);
  if (windowCall.kind === "function") return functionValue(windowCall, call, partition, index);
  const places = placesOf(windowCall.frame.mode, partition);
  const sides = (["start", "end"] as const).map((side) => sideOf(plan, windowCall.frame, side, codecs));
  const frame = partition.filter((member, other) => {
    if (isExcluded(windowCall.frame, partition, index, other)) return false;
    const away = must(places[other]) - must(places[index]);
    return sides.every((within) => within(away, member.sort, must(partition[index]).sort));
  });
  const args = frame.map((member) => member.args[call]?.[0] ?? null);
  if (windowCall.kind === "aggregate") {
    const included = frame.flatMap((member) => {
      const values = member.args[call];
      return values === null || values === undefined ? [] : [values];
    });
    return aggregateValue(windowCall.call, included, codecs);
  }
  if (windowCall.name === "first_value") return args[0] ?? null;
  if (windowCall.name === "last_value") return args.at(-1) ?? null;
  const place = number(partition[index]?.args[call]?.[1]);
  if (place === null) return null;
  if (place <= 0) throw new EvaluationError("22016", "not a place");
  return args[place - 1] ?? null;
}

function functionValue(
  call: Extract<WindowCall, { kind: "function" }>,
  position: number,
  partition: readonly WindowMember[],
  index: number,
): Buffer | null {
  const own = must(partition[index]);
  const before = partition.filter((other) => Buffer.compare(other.sortKey, own.sortKey) < 0).length;
  const upTo = partition.filter((other) => Buffer.compare(other.sortKey, own.sortKey) <= 0).length;
  const args = own.args[position] ?? [];
  switch (call.name) {
    case "row_number":
      return int8(index + 1);
    case "rank":
      return int8(before + 1);
    case "dense_rank":
      return int8(new Set(partition.slice(0, upTo).map(({ sortKey }) => sortKey.toString("latin1"))).size);
    case "percent_rank":
      return float8(partition.length === 1 ? 0 : before / (partition.length - 1));
    case "cume_dist":
      return float8(upTo / partition.length);
    case "ntile":
      return bucket(partition.length, index, number(args[0]));
    case "lag":
    case "lead": {
      const away = call.args.length === 1 ? 1 : number(args[1]);
      if (away === null) return null;
      const other = partition[call.name === "lag" ? index - away : index + away];
      return other === undefined ? (args[2] ?? null) : (other.args[position]?.[0] ?? null);
    }
    default:
      return unreachable(call.name);
  }
}

/** Deals the rows out to the buckets, the first ones getting what is left over. */
function bucket(rows: number, index: number, buckets: number | null): Buffer | null {
  if (buckets === null) return null;
  const dealt: number[] = [];
  for (let one = 1; one <= buckets; one++) {
    const size = Math.floor(rows / buckets) + (one <= rows % buckets ? 1 : 0);
    for (let row = 0; row < size; row++) dealt.push(one);
  }
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(must(dealt[index]));
  return bytes;
}

/** The number of a row or of its peer group, counted from the partition's first. */
function placesOf(mode: WindowFrame["mode"], partition: readonly WindowMember[]): number[] {
  let place = 0;
  return partition.map((member, index) => {
    const last = partition[index - 1];
    if (last !== undefined && (mode === "rows" || !last.sortKey.equals(member.sortKey))) place++;
    return place;
  });
}

function isExcluded(frame: WindowFrame, partition: readonly WindowMember[], index: number, other: number): boolean {
  if (frame.exclude === "current-row") return other === index;
  const peers = must(partition[index]).sortKey.equals(must(partition[other]).sortKey);
  return (frame.exclude === "group" && peers) || (frame.exclude === "ties" && peers && other !== index);
}

/** Whether a row lies on the inner side of a bound of a row's frame: by its distance and both rows' sort values. */
type Within = (away: number, at: Buffer | null, base: Buffer | null) => boolean;

function sideOf(plan: WindowPlan, frame: WindowFrame, side: "start" | "end", codecs: CodecSet): Within {
  const bound = frame[side];
  if (bound.kind === "unbounded") return () => true;
  const offset =
    bound.kind === "current" ? 0 : must(compileExpression(bound.offset, { columns: [], codecs })(new RowView()));
  if (frame.mode !== "range" || bound.kind === "current") {
    const distance = bound.kind === "preceding" ? -Number(offset) : Number(offset);
    return (away) => (side === "start" ? away >= distance : away <= distance);
  }
  const key = must(plan.sort[0]);
  const codec = must(codecs.get(key.expression.type.typeOid));
  const inRange = compileInRange(must(frame.inRange), offset);
  return (_away, at, base) => {
    if (at !== null && base !== null) {
      const sub = (bound.kind === "preceding") !== key.descending;
      return inRange(codec.decode(at), codec.decode(base), sub, (side === "end") !== key.descending);
    }
    if (at === null && base === null) return true;
    // NULL is behind (before) every value, however far away.
    const stands = (at === null) === key.nullsFirst ? "before" : "behind";
    return side === "start" ? stands === "behind" : stands === "before";
  };
}

function aggregateValue(
  call: AggregateCall,
  rows: readonly (readonly (Buffer | null)[])[],
  codecs: CodecSet,
): Buffer | null {
  if (isListAggregate(call.name)) {
    const collector = createListAggregate(call.name, call, codecs).collect();
    for (const values of rows) collector.add(values);
    return collector.result();
  }
  const args = rows.map((values) => {
    if (call.rest === undefined || call.rest.length === 0) return values[0] ?? null;
    const all = values.slice(0, 1 + call.rest.length);
    return all.includes(null) ? null : packRow(all);
  });
  if (call.name === "any_value") return args.find((value) => value !== null) ?? null;
  if (call.arg !== null && (call.name === "min" || call.name === "max")) {
    const codec = must(codecs.get(call.arg.type.typeOid));
    const keyed = args.flatMap((value) => {
      if (value === null) return [];
      const out = new KeyWriter();
      codec.writeKey(value, out);
      return [{ value, key: out.take() }];
    });
    // Of equal values the last one.
    const sorted = keyed.toReversed().toSorted((a, b) => Buffer.compare(a.key, b.key) * (call.name === "min" ? 1 : -1));
    return sorted[0]?.value ?? null;
  }
  const state = createAccumulator(call, call.arg?.type ?? null, codecs).create();
  for (const value of args) state.add(value, 1);
  return state.result();
}
