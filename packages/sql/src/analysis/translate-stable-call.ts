import { BUILTIN_TYPES, type ColumnType, Oid, readInterval } from "@freshet/values";
import type { CallExpression, Expression } from "../plan/expression.ts";
import type { FunctionInfo } from "./catalog.ts";
import type { TypeInfo } from "./catalog-types.ts";
import { type JsonTarget, rowAsJson } from "./row-json.ts";
import { isTextCastable, isTextual } from "./type-support.ts";

const TEXT_TYPE: ColumnType = { typeOid: Oid.text, typmod: -1, collation: 100 };
const TEXTCAT_OID = 1258;

/** `text || anything` and `anything || text`: SQL bodies that cast the other side to text. */
const TEXT_ANY_CAT: ReadonlySet<number> = new Set([2003, 2004]);
/** STABLE because the output of some types hangs on settings. */
const CONCAT_SYMBOLS: ReadonlySet<string> = new Set(["text_concat", "text_concat_ws"]);
const FORMAT_SYMBOLS: ReadonlySet<string> = new Set(["text_format", "text_format_nv"]);
const NUMBER_FORMATS: ReadonlySet<string> = new Set(["int4_to_char", "int8_to_char", "numeric_to_char"]);
const ARRAY_JOINS: ReadonlySet<string> = new Set(["array_to_text", "array_to_text_null"]);
/** STABLE because conversions are looked up in the catalog. */
const CONVERSIONS: ReadonlySet<string> = new Set(["pg_convert_to", "pg_convert_from"]);

/** Further types that are cast to text as they are printed. */
const DOCUMENTS: ReadonlySet<number> = new Set([Oid.uuid, Oid.json, Oid.jsonb]);

/** The value as its output function prints it; undefined where that hangs on the session's settings. */
function printed(arg: Expression): Expression | undefined {
  const { typeOid } = arg.type;
  if (typeOid === Oid.text) return arg;
  if (!isTextCastable(typeOid) && !DOCUMENTS.has(typeOid)) return undefined;
  if (arg.kind === "constant" && isTextual(typeOid)) return { ...arg, type: { ...arg.type, typeOid: Oid.text } };
  return { kind: "text-cast", arg, type: TEXT_TYPE };
}

/** STABLE because JSON shows values of some types, and of types with casts to it, as settings and catalogs have it. */
const JSON_SYMBOLS: ReadonlySet<string> = new Set([
  "to_json",
  "to_jsonb",
  "json_build_array",
  "json_build_object",
  "jsonb_build_array",
  "jsonb_build_object",
  "row_to_json",
  "array_to_json",
]);
/** Types that JSON shows in one way only. */
const JSON_TYPES: ReadonlySet<number> = new Set([
  Oid.bool,
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.numeric,
  Oid.text,
  Oid.varchar,
  Oid.bpchar,
  Oid.name,
  Oid.uuid,
  Oid.date,
  Oid.timestamp,
  Oid.jsonb,
]);

/** STABLE because of the session's time zone. */
const TIMESTAMPTZ_FIELDS: ReadonlySet<string> = new Set(["extract_timestamptz", "timestamptz_part"]);

/** STABLE because days and months are counted in the session's time zone; hours are not. */
const INSTANT_SHIFTS: ReadonlySet<string> = new Set(["timestamptz_pl_interval", "timestamptz_mi_interval"]);

interface Call {
  readonly info: FunctionInfo;
  readonly args: readonly Expression[];
  readonly type: ColumnType;
  readonly inputCollation: number;
  readonly types: ReadonlyMap<number, TypeInfo>;
}

/**
 * Calls that PostgreSQL takes for STABLE because of other types, or of other arguments, and that are pure with these;
 * undefined for every other call.
 */
export function translateStableCall(call: Call): CallExpression | undefined {
  if (call.info.schema !== "pg_catalog") return undefined;
  if (TEXT_ANY_CAT.has(call.info.oid)) return textAnyCat(call);
  if (call.info.language !== "internal") return undefined;
  if (ARRAY_JOINS.has(call.info.symbol) && isPlainArray(call.args[0])) return asCalled(call, call.args);
  if (call.info.symbol === "timestamp_to_char" && isPlainFormat(call.args[1])) return asCalled(call, call.args);
  if (NUMBER_FORMATS.has(call.info.symbol) && isLocaleFree(call.args[1])) return asCalled(call, call.args);
  if (FORMAT_SYMBOLS.has(call.info.symbol)) return formatted(call);
  if (CONCAT_SYMBOLS.has(call.info.symbol)) return concatenation(call);
  if (JSON_SYMBOLS.has(call.info.symbol)) return jsonCall(call);
  if (TIMESTAMPTZ_FIELDS.has(call.info.symbol) && isEpoch(call.args[0])) return asCalled(call, call.args);
  if (INSTANT_SHIFTS.has(call.info.symbol) && isOfHours(call.args[1])) return asCalled(call, call.args);
  if (CONVERSIONS.has(call.info.symbol) && isUtf8Name(call.args[1])) return asCalled(call, call.args);
  return undefined;
}

/** JSON of plain values, of arrays of them, and of rows of both. */
function jsonCall(call: Call): CallExpression | undefined {
  const { symbol } = call.info;
  const target = symbol.startsWith("jsonb") || symbol === "to_jsonb" ? "jsonb" : "json";
  const args = call.args.map((arg) => rowAsJson(arg, target, call.types));
  const [first] = args;
  if (/^(row_)?to_json/.test(symbol) && first?.kind === "call" && /^JSONB?_ROW$/.test(first.name)) return first;
  if (symbol === "row_to_json" || !args.every(({ type }) => isShownInJson(type.typeOid, target, call.types)))
    return undefined;
  return asCalled(call, args);
}

function isShownInJson(typeOid: number, target: JsonTarget, types: ReadonlyMap<number, TypeInfo>): boolean {
  const element = types.get(typeOid)?.elementOid ?? null;
  if (element !== null) return isShownInJson(element, target, types);
  return JSON_TYPES.has(typeOid) || (typeOid === Oid.json && target === "json");
}

function asCalled({ info, type, inputCollation }: Call, args: readonly Expression[]): CallExpression {
  const { symbol: name, oid: functionOid, strict } = info;
  return { kind: "call", name, functionOid, strict, inputCollation, args, type };
}

/** Booleans and char(n) have casts to text of their own, unlike what they print. */
function textAnyCat({ args, type, inputCollation }: Call): CallExpression | undefined {
  if (args.some((arg) => arg.type.typeOid === Oid.bool || arg.type.typeOid === Oid.bpchar)) return undefined;
  const texts = allPrinted(args);
  if (texts === undefined) return undefined;
  return { kind: "call", name: "textcat", functionOid: TEXTCAT_OID, strict: true, inputCollation, args: texts, type };
}

function concatenation(call: Call): CallExpression | undefined {
  const texts = allPrinted(call.args);
  return texts && asCalled(call, texts);
}

/** With %I it hangs on what is a keyword to the server, and on quote_all_identifiers. */
function formatted(call: Call): CallExpression | undefined {
  const [template] = call.args;
  if (template?.kind !== "constant" || /%[^%]*I/.test(template.value ?? "")) return undefined;
  return concatenation(call);
}

/** A format without what stands in quotes. */
function plainPart(format: string): string {
  return format.replace(/"[^"]*"/g, "");
}

/** STABLE because of `lc_time`, which only what stands behind TM looks at, and of the time zone. */
function isPlainFormat(arg: Expression | undefined): boolean {
  return arg?.kind === "constant" && arg.value !== null && !/tm|tz|of/i.test(plainPart(arg.value));
}

/** STABLE because of `lc_numeric` and `lc_monetary`, which signs and separators by name look at: D, G, L and S. */
function isLocaleFree(arg: Expression | undefined): boolean {
  return (
    arg?.kind === "constant" && arg.value !== null && !/[dglsvbce]|rn/i.test(plainPart(arg.value).replace(/sg/gi, ""))
  );
}

/** An array whose elements' text form is the same in every session. */
function isPlainArray(arg: Expression | undefined): boolean {
  const array = BUILTIN_TYPES.find(({ oid }) => oid === arg?.type.typeOid);
  return array?.elementOid !== undefined && (isTextCastable(array.elementOid) || array.elementOid === Oid.uuid);
}

/** The one field that no time zone changes. */
function isEpoch(arg: Expression | undefined): boolean {
  return arg?.kind === "constant" && arg.value?.toLowerCase() === "epoch";
}

/** A constant interval without days and months. */
function isOfHours(arg: Expression | undefined): boolean {
  if (arg?.kind !== "constant" || arg.value === null) return false;
  const { months, days } = readInterval(Buffer.from(arg.value, "latin1"));
  return months === 0 && days === 0;
}

/** The server's own character set, the only one that Freshet works with: nothing is converted. */
function isUtf8Name(arg: Expression | undefined): boolean {
  return arg?.kind === "constant" && arg.value !== null && /^utf-?8$/i.test(arg.value);
}

function allPrinted(args: readonly Expression[]): readonly Expression[] | undefined {
  const texts = args.map(printed).filter((text) => text !== undefined);
  return texts.length === args.length ? texts : undefined;
}
