import { BackendType, decodeRowDescription, MessageScanner } from "@freshet/wire";
import type { Reply } from "../harness/raw-client.ts";

type Values = readonly (Buffer | null)[];

export interface ComparedReplies {
  readonly expected: Reply;
  readonly actual: Reply;
  /** Each row that LIMIT and OFFSET choose from, with its place in the order; undefined where no order is asked for. */
  readonly ranked: RankedRows | undefined;
  readonly loose: boolean;
}

/** Rows of the query without LIMIT and OFFSET in the result's formats; equal ranks are ties. */
export interface RankedRows {
  readonly rows: readonly Values[];
  readonly ranks: readonly number[];
}

/** What differs between PostgreSQL's reply and Freshet's; undefined when Freshet's is one that PostgreSQL could give. */
export function difference({ expected, actual, ranked, loose }: ComparedReplies): string | undefined {
  if (expected.error !== undefined || actual.error !== undefined) return errorDifference(expected, actual);
  const name = rowNamer(expected, loose);
  const rows = [expected.rows.map(name), actual.rows.map(name)] as const;
  const wrong = ranked === undefined ? multisetDifference(...rows) : orderDifference(...rows, ranked, name);
  if (wrong !== undefined || expected.envelope.equals(actual.envelope)) return wrong;
  return `the messages around the rows differ:\n  expected ${show(expected.envelope)}\n  actual   ${show(actual.envelope)}`;
}

function errorDifference(expected: Reply, actual: Reply): string | undefined {
  const [left, right] = [expected.error, actual.error];
  if (left?.code === right?.code && left?.message === right?.message) return undefined;
  return `expected ${left === undefined ? "rows" : `error ${left.code} ${left.message}`}, got ${right === undefined ? "rows" : `error ${right.code} ${right.message}`}`;
}

/** Rows that one has more often than the other. */
export function multisetDifference(expected: readonly string[], actual: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const row of expected) counts.set(row, (counts.get(row) ?? 0) + 1);
  for (const row of actual) counts.set(row, (counts.get(row) ?? 0) - 1);
  const wrong = [...counts].filter(([, count]) => count !== 0);
  if (wrong.length === 0) return undefined;
  const lines = wrong
    .slice(0, 8)
    .map(([row, count]) => `  ${count > 0 ? `${count} missing` : `${-count} too many`}: ${row}`);
  return `${wrong.length} different rows (${expected.length} expected, ${actual.length} found):\n${lines.join("\n")}`;
}

/**
 * With ties any choice among equals is right: the places in the order must be the same one by one, and every row must be there as
 * often as the query without LIMIT has it.
 */
function orderDifference(
  expected: readonly string[],
  actual: readonly string[],
  ranked: RankedRows,
  name: (row: Values) => string,
): string | undefined {
  const rankOf = new Map<string, number>();
  const available = new Map<string, number>();
  ranked.rows.forEach((row, index) => {
    const text = name(row);
    rankOf.set(text, ranked.ranks[index] ?? -1);
    available.set(text, (available.get(text) ?? 0) + 1);
  });
  if (expected.length !== actual.length)
    return `${expected.length} rows expected, ${actual.length} found:\n${multisetDifference(expected, actual)}`;
  for (const [index, row] of actual.entries()) {
    const left = available.get(row) ?? 0;
    if (left === 0) return `row ${index + 1} is one too many: ${row}`;
    available.set(row, left - 1);
    const wanted = expected[index] ?? "";
    if (rankOf.get(row) !== rankOf.get(wanted))
      return `row ${index + 1} is out of order: ${row}\n  expected one that sorts like ${wanted}`;
  }
  return undefined;
}

const FLOAT4 = 700;
const FLOAT8 = 701;
const NUMERIC = 1700;
const INTERVAL = 1186;

/** A row's text for comparison; with `loose` equal numbers and equal intervals have equal texts. */
export function rowNamer(reply: Reply, loose: boolean): (row: Values) => string {
  const fields = describedFields(reply.envelope);
  return (row) =>
    row
      .map((value, index) => {
        const field = fields[index];
        if (value === null) return "NULL";
        const bytes = loose && field !== undefined ? withoutSpelling(value, field.typeOid, field.format) : value;
        return field?.format === 1
          ? `x${bytes.toString("hex")}`
          : JSON.stringify(bytes.toString("utf8")).slice(0, 300) + bytes.length;
      })
      .join(" | ");
}

function withoutSpelling(value: Buffer, typeOid: number, format: number): Buffer {
  if (typeOid === INTERVAL) return intervalWithoutSpelling(value, format);
  if (format === 0) {
    const text = value.toString("latin1");
    if (typeOid === FLOAT4 || typeOid === FLOAT8) return text === "-0" ? Buffer.from("0") : value;
    return typeOid === NUMERIC && text.includes(".") ? Buffer.from(text.replace(/\.?0+$/, "")) : value;
  }
  if (typeOid === NUMERIC) {
    // Only the display scale differs: digits are sent without zeros at the end.
    const copy = Buffer.from(value);
    copy.writeUInt16BE(0, 6);
    return copy;
  }
  return typeOid === FLOAT4 || typeOid === FLOAT8 ? floatWithoutSpelling(value) : value;
}

const PARTS = /([+-]?\d+) (year|mon|day)s?/g;
const PART_DAYS: Readonly<Record<string, number>> = { year: 360, mon: 30, day: 1 };
const CLOCK = /([+-]?)(\d+):(\d+):(\d+)(?:\.(\d+))?$/;

/** The span in microseconds: a month has 30 days, a day 24 hours. */
function intervalWithoutSpelling(value: Buffer, format: number): Buffer {
  if (format === 1) {
    const days = BigInt(value.readInt32BE(8)) + 30n * BigInt(value.readInt32BE(12));
    return Buffer.from(String(value.readBigInt64BE(0) + days * 86_400_000_000n));
  }
  const text = value.toString("latin1");
  if (text.endsWith("infinity")) return value;
  let micros = 0n;
  for (const [, count = "0", unit = ""] of text.matchAll(PARTS)) {
    micros += BigInt(Number(count) * (PART_DAYS[unit] ?? 0)) * 86_400_000_000n;
  }
  const [, sign, hours = "0", minutes = "0", seconds = "0", decimals = ""] = CLOCK.exec(text) ?? [];
  const clock = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const time = BigInt(clock) * 1_000_000n + BigInt(decimals.padEnd(6, "0"));
  return Buffer.from(String(sign === "-" ? micros - time : micros + time));
}

/** 0 for -0, and one NaN: which sign bit the sum of infinities has depends on the order and on the processor. */
function floatWithoutSpelling(value: Buffer): Buffer {
  const number = value.length === 4 ? value.readFloatBE(0) : value.readDoubleBE(0);
  if (number === 0) return Buffer.alloc(value.length);
  return Number.isNaN(number) ? Buffer.alloc(value.length, 0xff) : value;
}

function describedFields(envelope: Buffer): ReturnType<typeof decodeRowDescription> {
  const scanner = new MessageScanner({ maxLength: 0x3fffffff, isWhole: () => true, prefixBytes: 5 });
  scanner.push(envelope);
  let fields: ReturnType<typeof decodeRowDescription> = [];
  // The portal's description comes after the statement's and knows the formats.
  while (scanner.advance()) {
    if (scanner.type === BackendType.rowDescription)
      fields = decodeRowDescription(scanner.buffer, scanner.start, scanner.end);
  }
  return fields;
}

function show(envelope: Buffer): string {
  return envelope.toString("latin1").replaceAll(/[^\x20-\x7e]/g, (byte) => `·${byte.charCodeAt(0).toString(16)}`);
}
