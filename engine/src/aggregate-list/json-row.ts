import { must } from "@freshet/base";
import { type Codec, type CodecSet, recordField } from "@freshet/values";
import { printObject } from "../expression/functions/json-tree.ts";
import { textElements } from "../expression/functions/text-arrays.ts";
import { jsonString, type JsonTarget, jsonWriter } from "./json-value.ts";

/** Writes a row as JSON; the names of its columns are a text[]. */
export type RowWriter = (row: Buffer, names: Buffer) => string;

/** Compiles to_json or to_jsonb of a row type. Throws a FreshetError (0A000) where session settings would decide the text. */
export function rowWriter(codec: Codec, target: JsonTarget, codecs: CodecSet): RowWriter {
  const writers = must(codec.parts, "a row has columns").map((field) => jsonWriter(field, target, codecs));
  return (row, names) => {
    const keys = textElements(names);
    const members = writers.map((write, at) => {
      const value = recordField(row, at);
      return [must(keys[at]), value === null ? "null" : write(value)] as const;
    });
    if (target === "jsonb") return printObject(new Map(members));
    return `{${members.map(([key, value]) => `${jsonString(key)}:${value}`).join(",")}}`;
  };
}
