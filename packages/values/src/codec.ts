import type { ByteWriter } from "./byte-writer.ts";
import type { TimeZoneTable } from "./codecs/zone-table.ts";
import type { KeyWriter } from "./key-writer.ts";

/**
 * A value as expressions see it:
 * bool: boolean; int2, int4, oid and the types that are oids, date (days since 2000-01-01): number; int8, money (cents),
 * timestamp, timestamptz (microseconds since 2000-01-01), time (microseconds since midnight): bigint; float4, float8: number; numeric: Decimal;
 * text, varchar, bpchar, name, enum (label), json, jsonb (PostgreSQL's text): string;
 * bytea, uuid, interval, timetz, arrays and all others: Buffer in binary send format.
 */
export type Value = boolean | number | bigint | string | Buffer | Decimal;

/** Exact decimal: value = unscaled * 10^-scale, or one of the special values. */
export interface Decimal {
  readonly kind: "finite" | "nan" | "infinity" | "-infinity";
  readonly unscaled: bigint;
  /** PostgreSQL's display scale, >= 0. */
  readonly scale: number;
}

/** The session settings that PostgreSQL's text output depends on. */
export interface TextSettings {
  readonly timeZone: string;
  /** The zone's offsets where it has more than one; null while they are not known. */
  readonly zoneTable: TimeZoneTable | null;
  readonly dateStyle: string;
  readonly intervalStyle: string;
  readonly extraFloatDigits: number;
  readonly byteaOutput: "hex" | "escape";
  /** `lc_monetary`. */
  readonly lcMonetary: string;
  /** `server_version_num`: a few types are shown differently by later versions. */
  readonly serverVersion: number;
}

/** PostgreSQL's defaults, with the time zone that is exact without a tz database. */
export const DEFAULT_TEXT_SETTINGS: TextSettings = {
  timeZone: "UTC",
  zoneTable: null,
  dateStyle: "ISO, MDY",
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
  lcMonetary: "C",
  serverVersion: 180_000,
};

/**
 * Everything Freshet can do with the values of one type. `bytes` is always the binary send format.
 * All methods are pure; none keeps a reference to `bytes`.
 */
export interface Codec {
  readonly oid: number;
  readonly name: string;
  /** Of an array type: the codec of its elements. */
  readonly element?: Codec;
  /** True for row types, whose `parts` are their columns. */
  readonly isRow?: boolean;
  /** False for types without `=` (json): writeKey then throws a FreshetError 42883. */
  readonly hasEquality: boolean;
  /** False when equal values can have different bytes (numeric scale, -0.0, bpchar padding, jsonb numbers). */
  readonly imageIsIdentity: boolean;
  /** True when encodeKey's byte order is PostgreSQL's btree order (for text: under a byte-ordered collation). */
  readonly ordered: boolean;
  /** Of an array its element, of a range its subtype, of a multirange its range, of a composite its columns. */
  readonly parts?: readonly Codec[];
  /** True when the text form depends on the collation-free session settings named here. */
  readonly textDependsOn: readonly (keyof TextSettings)[];

  /** Whether `bytes` is a well-formed value of this type (checks what a client sent). */
  isValid(bytes: Buffer): boolean;
  /**
   * PostgreSQL's text output (UTF-8) under `settings`; undefined when it cannot be given exactly
   * (a named time zone, a DateStyle other than ISO): the caller then forwards upstream.
   */
  toText(bytes: Buffer, settings: TextSettings): Buffer | undefined;
  /**
   * Appends what `toText` gives for `source[start, end)`, where that is cheaper than to make a value of it; false where that is undefined,
   * with nothing of worth appended.
   */
  writeText?(source: Buffer, start: number, end: number, out: ByteWriter, settings: TextSettings): boolean;
  /**
   * What `fromText` gives for the commonest spellings, from their bytes; undefined for all others: they are `fromText`'s to understand.
   */
  fromPlainText?(bytes: Buffer): Buffer | undefined;
  /** Appends what `writeKey` makes of what `fromPlainText` gives for `source[start, end)`; false, with nothing appended, where that is undefined. */
  writePlainKey?(source: Buffer, start: number, end: number, out: KeyWriter): boolean;
  /**
   * The binary form of PostgreSQL's input text under `settings`, for the spellings that are surely
   * understood; undefined otherwise (unknown means miss), also for text that PostgreSQL would refuse.
   */
  fromText(text: string, settings: TextSettings): Buffer | undefined;
  /**
   * Appends the value's key: self-delimiting, equal exactly when PostgreSQL's `=` says so, ordered as
   * the btree operator class where `ordered`.
   */
  writeKey(bytes: Buffer, out: KeyWriter): void;
  decode(bytes: Buffer): Value;
  encode(value: Value): Buffer;
}
