import type { Codec } from "../codec.ts";
import { createCodecs } from "../codec-set.ts";
import { BUILTIN_TYPES } from "../oids.ts";
import { DEFAULT_TEXT_SETTINGS } from "../codec.ts";
import type { SqlType } from "./oracle.ts";
import * as samples from "./samples.ts";

const CODECS = createCodecs([]);
const C = ' COLLATE "C"';

/** The codec of a built-in type by its `pg_type.typname`. */
export function codecNamed(name: string): Codec {
  const codec = CODECS.get(BUILTIN_TYPES.find((type) => type.name === name)?.oid ?? 0);
  if (codec === undefined) throw new Error(`no codec for ${name}`);
  return codec;
}

function spell(name: string, value: number | bigint): string {
  const codec = codecNamed(name);
  return codec.toText(codec.encode(value), DEFAULT_TEXT_SETTINGS)?.toString() ?? "";
}

const day = (value: number): string => spell("date", value);
const local = (value: bigint): string => spell("timestamp", value);

/** UTC text of microseconds since 2000-01-01. */
export function utc(value: bigint): string {
  return spell("timestamptz", value);
}

/** A built-in type with sample inputs. */
export interface TypeCase extends SqlType {
  /** Name of the codec. */
  readonly codec: string;
  readonly inputs: () => readonly string[];
  /** Its text is not read. */
  readonly shownOnly?: boolean;
}

const SHAPES: Readonly<Record<string, readonly string[]>> = {
  point: ["(0,0)", "(-1.5,1e300)", "(NaN,Infinity)", "(-0,0.1)"],
  lseg: ["[(0,0),(1,1)]", "[(1.5,-2),(-3,4)]"],
  box: ["(0,0),(1,1)", "(5,-2),(-3,4)"],
  line: ["{1,2,3}", "{-1.5,0,1e-7}"],
  circle: ["<(0,0),1>", "<(1.5,-2),0.1>"],
  path: ["[(0,0),(1,1)]", "((0,0),(1,1),(2,0.5))", "[(1,2)]"],
  polygon: ["((0,0),(1,1),(2,0.5))", "((1,2))"],
};

export const TYPE_CASES: readonly TypeCase[] = [
  {
    codec: "bool",
    name: "bool",
    send: "boolsend",
    inputs: () => ["t", "f", "true", "FALSE", " yes ", "no", "on", "off", "of", "1", "0", "tr"],
  },
  { codec: "int2", name: "int2", send: "int2send", inputs: () => samples.integers(16) },
  { codec: "int4", name: "int4", send: "int4send", inputs: () => samples.integers(32) },
  { codec: "int8", name: "int8", send: "int8send", inputs: () => samples.integers(64) },
  {
    codec: "oid",
    name: "oid",
    send: "oidsend",
    inputs: () => ["0", "1", "4294967295", "2147483648", "2147483647", " 26 "],
  },
  { codec: "numeric", name: "numeric", send: "numeric_send", inputs: samples.numerics },
  { codec: "float8", name: "float8", send: "float8send", inputs: samples.float8s },
  { codec: "float4", name: "float4", send: "float4send", inputs: samples.float4s },
  { codec: "text", name: "text", send: "textsend", collate: C, inputs: samples.texts },
  { codec: "varchar", name: "varchar", send: "varcharsend", collate: C, inputs: samples.texts },
  { codec: "bpchar", name: "bpchar", send: "bpcharsend", collate: C, inputs: samples.texts },
  {
    codec: "name",
    name: "name",
    send: "namesend",
    inputs: () => samples.texts().filter((text) => Buffer.byteLength(text) < 64),
  },
  { codec: "char", name: '"char"', send: "charsend", inputs: () => ["", "a", "b", "A", "~", "\u0001", " ", "0"] },
  { codec: "bytea", name: "bytea", send: "byteasend", inputs: samples.byteas },
  { codec: "uuid", name: "uuid", send: "uuid_send", inputs: samples.uuids },
  { codec: "date", name: "date", send: "date_send", inputs: () => samples.days().map(day) },
  { codec: "timestamp", name: "timestamp", send: "timestamp_send", inputs: () => samples.micros().map(local) },
  { codec: "timestamptz", name: "timestamptz", send: "timestamptz_send", inputs: () => samples.micros().map(utc) },
  { codec: "json", name: "json", send: "json_send", sortable: false, inputs: samples.jsons },
  { codec: "jsonb", name: "jsonb", send: "jsonb_send", inputs: samples.jsons },
  { codec: "_int4", name: "int4[]", send: "array_send", inputs: () => samples.arrays(["0", "1", "-1", "2147483647"]) },
  {
    codec: "_int8",
    name: "int8[]",
    send: "array_send",
    inputs: () => samples.arrays(["0", "1", "-9223372036854775808"]),
  },
  { codec: "_bool", name: "bool[]", send: "array_send", inputs: () => samples.arrays(["t", "f"]) },
  {
    codec: "_numeric",
    name: "numeric[]",
    send: "array_send",
    inputs: () => samples.arrays(["1", "1.0", "1.00", "-2", "NaN"]),
  },
  {
    codec: "_float8",
    name: "float8[]",
    send: "array_send",
    inputs: () => samples.arrays(["1", "-0", "0", "1e300", "NaN"]),
  },
  {
    codec: "_text",
    name: "text[]",
    send: "array_send",
    collate: C,
    inputs: () => samples.arrays(samples.texts().slice(0, 80)),
  },
  { codec: "_bytea", name: "bytea[]", send: "array_send", inputs: () => samples.arrays(samples.byteas().slice(0, 20)) },
  {
    codec: "_bpchar",
    name: "bpchar[]",
    send: "array_send",
    collate: C,
    inputs: () => samples.arrays(["a", "a ", "", " "]),
  },
  {
    codec: "_timestamptz",
    name: "timestamptz[]",
    send: "array_send",
    inputs: () => samples.arrays([utc(0n), utc(1n), "infinity"]),
  },
  { codec: "_jsonb", name: "jsonb[]", send: "array_send", inputs: () => samples.arrays(samples.jsons().slice(0, 40)) },
  { codec: "_uuid", name: "uuid[]", send: "array_send", inputs: () => samples.arrays(samples.uuids().slice(0, 5)) },
  { codec: "_date", name: "date[]", send: "array_send", inputs: () => samples.arrays([day(0), day(-1), "infinity"]) },
  { codec: "interval", name: "interval", send: "interval_send", inputs: samples.intervals },
  { codec: "time", name: "time", send: "time_send", inputs: samples.times },
  { codec: "timetz", name: "timetz", send: "timetz_send", inputs: samples.zonedTimes },
  { codec: "money", name: "money", send: "cash_send", inputs: samples.moneys },
  { codec: "bit", name: "bit(9)", send: "bit_send", inputs: () => samples.bits(9) },
  { codec: "varbit", name: "varbit", send: "varbit_send", inputs: () => samples.bits(undefined) },
  { codec: "inet", name: "inet", send: "inet_send", inputs: samples.inets },
  { codec: "cidr", name: "cidr", send: "cidr_send", inputs: samples.cidrs },
  { codec: "macaddr", name: "macaddr", send: "macaddr_send", inputs: () => samples.macs(6) },
  { codec: "macaddr8", name: "macaddr8", send: "macaddr8_send", inputs: () => samples.macs(8) },
  { codec: "xid", name: "xid", send: "xidsend", sortable: false, inputs: () => ["0", "1", "4294967295", "77"] },
  { codec: "cid", name: "cid", send: "cidsend", sortable: false, inputs: () => ["0", "1", "4294967295", "77"] },
  { codec: "tid", name: "tid", send: "tidsend", inputs: () => ["(0,0)", "(0,1)", "(1,0)", "(4294967295,65535)"] },
  { codec: "xid8", name: "xid8", send: "xid8send", inputs: () => ["0", "1", "18446744073709551615", "4294967296"] },
  {
    codec: "pg_lsn",
    name: "pg_lsn",
    send: "pg_lsn_send",
    inputs: () => ["0/0", "0/1", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1/0", "0/ffffffff"],
  },
  {
    codec: "_interval",
    name: "interval[]",
    send: "array_send",
    inputs: () => samples.arrays(samples.intervals().slice(0, 30)),
  },
  {
    codec: "_timetz",
    name: "timetz[]",
    send: "array_send",
    inputs: () => samples.arrays(samples.zonedTimes().slice(0, 20)),
  },
  { codec: "_money", name: "money[]", send: "array_send", inputs: () => samples.arrays(["1", "-1", "123456.78"]) },
  { codec: "_bit", name: "bit(9)[]", send: "array_send", inputs: () => samples.arrays(samples.bits(9).slice(0, 10)) },
  { codec: "_inet", name: "inet[]", send: "array_send", inputs: () => samples.arrays(samples.inets().slice(0, 20)) },
  {
    codec: "int4range",
    name: "int4range",
    send: "range_send",
    inputs: () => samples.ranges(["-5", "0", "1", "2", "3", "100", "2147483646"]),
  },
  {
    codec: "int8range",
    name: "int8range",
    send: "range_send",
    inputs: () => samples.ranges(["-5", "0", "1", "2", "3", "4294967296"]),
  },
  {
    codec: "numrange",
    name: "numrange",
    send: "range_send",
    inputs: () => samples.ranges(["-1.5", "0", "0.0", "1.0", "1.00", "2", "NaN"]),
  },
  {
    codec: "daterange",
    name: "daterange",
    send: "range_send",
    inputs: () => samples.ranges(["-infinity", "0044-03-15 BC", "2024-02-28", "2024-02-29", "2024-03-01", "infinity"]),
  },
  {
    codec: "tsrange",
    name: "tsrange",
    send: "range_send",
    inputs: () => samples.ranges(["-infinity", "2024-02-29 00:00:00", "2024-02-29 00:00:01.5", "infinity"]),
  },
  {
    codec: "tstzrange",
    name: "tstzrange",
    send: "range_send",
    inputs: () => samples.ranges(["2024-02-29 00:00:00+00", "2024-02-29 00:00:01.5+00", "infinity"]),
  },
  {
    codec: "_int4range",
    name: "int4range[]",
    send: "array_send",
    inputs: () => samples.arrays(samples.ranges(["1", "2", "3"]).slice(0, 20)),
  },
  {
    codec: "int4multirange",
    name: "int4multirange",
    send: "multirange_send",
    shownOnly: true,
    inputs: () => samples.multiranges(["-5", "0", "1", "2", "3", "100"]),
  },
  {
    codec: "nummultirange",
    name: "nummultirange",
    send: "multirange_send",
    shownOnly: true,
    inputs: () => samples.multiranges(["-1.5", "0", "1.0", "1.00", "2"]),
  },
  {
    codec: "xml",
    name: "xml",
    send: "xml_send",
    sortable: false,
    shownOnly: true,
    inputs: () => ["<a/>", "text", "<a>&lt;</a><b x='1'/>", ""],
  },
  {
    codec: "tsvector",
    name: "tsvector",
    send: "tsvectorsend",
    shownOnly: true,
    inputs: () => ["", "a b c", "a:1 b:2A,3B c:4C,5D", "'it''s' 'x\\\\y'", "a:16383", "b a a:2", "'ünï code':7"],
  },
  ...["point", "lseg", "box", "line", "circle", "path", "polygon"].map((name) => ({
    codec: name,
    name,
    send: `${name === "polygon" ? "poly" : name}_send`,
    sortable: false,
    shownOnly: true,
    inputs: () => SHAPES[name] ?? [],
  })),
];
