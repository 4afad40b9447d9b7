import { type JsonTarget } from "../../aggregate-list/json-value.ts";
import { rowWriter } from "../../aggregate-list/json-row.ts";
import type { FunctionBuilder } from "./scalar-function.ts";

function builder(target: JsonTarget): FunctionBuilder {
  return (argTypes, codecs) => {
    const codec = codecs.get(argTypes[1]?.typeOid ?? 0);
    if (codec?.isRow !== true) return undefined;
    const write = rowWriter(codec, target, codecs);
    return (names: Buffer, row: Buffer) => write(row, names);
  };
}

/** The engine's own functions behind `row_to_json` and the like: the names of the columns, and the row. */
export const ROW_JSON: ReadonlyMap<string, FunctionBuilder> = new Map([
  ["JSON_ROW", builder("json")],
  ["JSONB_ROW", builder("jsonb")],
]);
