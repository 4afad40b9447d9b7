import { DEFAULT_TEXT_SETTINGS, Oid } from "@freshet/values";
import type { CodecSet, ColumnType, Value } from "@freshet/values";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { type JsonTarget, jsonWriter } from "../../aggregate-list/json-value.ts";
import { printArray, printObject, quoteJson } from "./json-tree.ts";
import type { FunctionBuilder, NullableBuilder } from "./scalar-function.ts";

/** The JSON text of a value that is not NULL. */
type Printer = (value: Value) => string;

const NUMERIC: ReadonlySet<number> = new Set([Oid.int2, Oid.int4, Oid.int8, Oid.numeric]);
const STRINGS: ReadonlySet<number> = new Set([Oid.text, Oid.varchar, Oid.bpchar, Oid.name]);
/** Types whose text is free of session settings in JSON (dates are always in ISO style there). */
const PRINTED: ReadonlySet<number> = new Set([Oid.uuid, Oid.date, Oid.timestamp]);

/** How values of a type are put into JSON; undefined for types that are not followed here. */
function printerOf(type: ColumnType, codecs: CodecSet, target: JsonTarget): Printer | undefined {
  const { typeOid } = type;
  if (typeOid === Oid.json) return target === "json" ? (value) => value as string : undefined;
  if (typeOid === Oid.bool) return (value) => (value === true ? "true" : "false");
  if (typeOid === Oid.jsonb) return (value) => value as string;
  if (STRINGS.has(typeOid)) return (value) => quoteJson(value as string);
  const codec = codecs.get(typeOid);
  if (codec?.element !== undefined) {
    const write = jsonWriter(codec, target, codecs);
    return (value) => write(value as Buffer);
  }
  if (codec === undefined || (!NUMERIC.has(typeOid) && !PRINTED.has(typeOid))) return undefined;
  return (value) => {
    const text = codec.toText(codec.encode(value), DEFAULT_TEXT_SETTINGS)?.toString("utf8");
    if (text === undefined) throw declined("a value in JSON");
    if (NUMERIC.has(typeOid)) return /^-?[0-9]/.test(text) ? text : quoteJson(text);
    return quoteJson(typeOid === Oid.timestamp ? text.replace(" ", "T") : text);
  };
}

/** Printers of all arguments, NULL being null; undefined when some type is not followed. */
function printersOf(
  argTypes: readonly ColumnType[],
  codecs: CodecSet,
  target: JsonTarget,
): readonly ((value: Value | null) => string)[] | undefined {
  const printers = argTypes.map((type) => printerOf(type, codecs, target)).filter((printer) => printer !== undefined);
  if (printers.length !== argTypes.length) return undefined;
  return printers.map((printer) => (value) => (value === null ? "null" : printer(value)));
}

/** A builder for a function that makes JSON of all its arguments. */
function building(target: JsonTarget, make: (texts: readonly string[]) => string): NullableBuilder {
  return (argTypes, codecs) => {
    const printers = printersOf(argTypes, codecs, target);
    if (printers === undefined) return undefined;
    return (...values) => make(printers.map((print, at) => print(values[at] ?? null)));
  };
}

/** Keys and values in turn; a key is the text that it prints as. */
function pairsOf(texts: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  if (texts.length % 2 !== 0) {
    throw new EvaluationError(EvaluationState.invalidParameterValue, "argument list must have even number of elements");
  }
  for (let at = 0; at < texts.length; at += 2) {
    const key = texts[at] ?? "null";
    if (key === "null" || key.startsWith("{") || key.startsWith("[")) throw declined("such a key in JSON");
    pairs.push([key.startsWith('"') ? (JSON.parse(key) as string) : key, texts[at + 1] ?? "null"]);
  }
  return pairs;
}

export const JSON_BUILDING: Readonly<Record<string, NullableBuilder>> = {
  jsonb_build_array: building("jsonb", printArray),
  jsonb_build_object: building("jsonb", (texts) => printObject(new Map(pairsOf(texts)))),
  json_build_array: building("json", printArray),
  json_build_object: building("json", (texts) => {
    return `{${pairsOf(texts)
      .map(([key, value]) => `${quoteJson(key)} : ${value}`)
      .join(", ")}}`;
  }),
};

function converting(target: JsonTarget): FunctionBuilder {
  return (argTypes, codecs) => {
    const printer = argTypes[0] && printerOf(argTypes[0], codecs, target);
    return printer && ((value: Value) => printer(value));
  };
}

/** `to_json`, `to_jsonb` and `array_to_json`. */
export const TO_JSON: Readonly<Record<string, FunctionBuilder>> = {
  to_json: converting("json"),
  to_jsonb: converting("jsonb"),
  array_to_json: converting("json"),
};
