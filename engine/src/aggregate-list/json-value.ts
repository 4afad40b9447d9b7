import { must } from "@freshet/base";
import { type Codec, type CodecSet, DEFAULT_TEXT_SETTINGS, Oid, readArray } from "@freshet/values";
import { declined } from "../expression/evaluation-error.ts";
import { unsupported } from "../expression/unsupported.ts";

/** Writes a value that is not NULL as JSON text, as to_json or to_jsonb does. */
export type JsonWriter = (bytes: Buffer) => string;

export type JsonTarget = "json" | "jsonb";

const NUMBERS: ReadonlySet<number> = new Set([Oid.int2, Oid.int4, Oid.int8, Oid.numeric]);

/** A JSON string: escapes as escape_json does. */
export function jsonString(text: string): string {
  return JSON.stringify(text);
}

function textOf(codec: Codec, bytes: Buffer): string {
  return must(codec.toText(bytes, DEFAULT_TEXT_SETTINGS), `${codec.name} has a text`).toString("utf8");
}

/** How the type's values look inside JSON strings; undefined where session settings decide. */
function plainText(codec: Codec): ((bytes: Buffer) => string) | undefined {
  switch (codec.oid) {
    case Oid.date:
      return (bytes) => textOf(codec, bytes);
    case Oid.timestamp:
      // ISO 8601, whatever DateStyle says; infinity has no blank.
      return (bytes) => textOf(codec, bytes).replace(/^([^ ]+) (?=\d)/, "$1T");
    default:
      return codec.textDependsOn.length === 0 ? (bytes) => textOf(codec, bytes) : undefined;
  }
}

function refuse(codec: Codec): Error {
  return unsupported(`JSON of type ${codec.name}, whose text depends on session settings,`);
}

/** Compiles to_json or to_jsonb of a type. Throws a FreshetError (0A000) where session settings would decide the text. */
export function jsonWriter(codec: Codec, target: JsonTarget, codecs: CodecSet): JsonWriter {
  const { oid, element } = codec;
  if (codec.isRow === true) throw unsupported(`JSON of the row type ${codec.name} in another value`);
  if (element !== undefined) return arrayWriter(element.oid, jsonWriter(element, target, codecs), target);
  if (oid === Oid.bool) return (bytes) => (bytes[0] === 0 ? "false" : "true");
  if (oid === Oid.jsonb) return (bytes) => textOf(codec, bytes);
  if (oid === Oid.json) return target === "json" ? (bytes) => bytes.toString("utf8") : canonicalWriter(codecs);
  const text = plainText(codec);
  if (text === undefined) throw refuse(codec);
  if (!NUMBERS.has(oid)) return (bytes) => jsonString(text(bytes));
  return (bytes) => {
    const number = text(bytes);
    // NaN and infinities are no JSON numbers.
    return /[Nn]/.test(number) ? jsonString(number) : number;
  };
}

/** A json text as jsonb prints it. */
function canonicalWriter(codecs: CodecSet): JsonWriter {
  const jsonb = must(codecs.get(Oid.jsonb));
  return (bytes) => {
    const value = jsonb.fromText(bytes.toString("utf8"), DEFAULT_TEXT_SETTINGS);
    if (value === undefined) throw declined("a json value that is unusual as jsonb");
    return textOf(jsonb, value);
  };
}

function arrayWriter(elementOid: number, write: JsonWriter, target: JsonTarget): JsonWriter {
  const separator = target === "json" ? "," : ", ";
  return (bytes) => {
    const { dimensions, elements } = must(readArray(bytes, elementOid), "malformed array");
    let items = elements.map((item) => (item === null ? "null" : write(item)));
    for (const { length } of dimensions.toReversed()) {
      items = Array.from({ length: items.length / length }, (_, index) => {
        return `[${items.slice(index * length, (index + 1) * length).join(separator)}]`;
      });
    }
    return items[0] ?? "[]";
  };
}

/** Compiles the text of a JSON object's key. */
export function jsonKeyWriter(codec: Codec): JsonWriter {
  if (codec.element !== undefined || codec.isRow === true || codec.oid === Oid.json || codec.oid === Oid.jsonb)
    throw unsupported(`a JSON object's key of type ${codec.name}`);
  if (codec.oid === Oid.bool) return (bytes) => (bytes[0] === 0 ? "false" : "true");
  const text = plainText(codec);
  if (text === undefined) throw refuse(codec);
  return text;
}
