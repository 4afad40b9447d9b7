import { must } from "@freshet/base";
import type { Codec, CodecSet } from "@freshet/values";
import type { Collector, ListAggregate } from "./collector.ts";
import { rowWriter } from "./json-row.ts";
import { type JsonTarget, jsonWriter } from "./json-value.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";

interface ArrayStyle {
  /** Writes a value; `names` are those of its columns, if it is a row. */
  readonly write: (value: Buffer, names: Buffer | null) => string;
  /** Whether NULLs are left out (the SQL/JSON forms with ABSENT ON NULL). */
  readonly strict: boolean;
  /** What stands between two items; another one in front of what is structured. */
  readonly separator: (isNull: boolean) => string;
  readonly encode: (text: string) => Buffer;
}

class JsonArrayCollector implements Collector {
  readonly #style: ArrayStyle;
  #text: string | undefined;

  constructor(style: ArrayStyle) {
    this.#style = style;
  }

  add([value = null, names = null]: readonly (Buffer | null)[]): void {
    const { write, strict, separator } = this.#style;
    this.#text ??= "";
    if (value === null && strict) return;
    if (this.#text !== "") this.#text += separator(value === null);
    this.#text += value === null ? "null" : write(value, names);
  }

  result(): Buffer | null {
    return this.#text === undefined ? null : this.#style.encode(`[${this.#text}]`);
  }
}

function arrayAggregate(style: ArrayStyle): ListAggregate {
  return { ignores: () => false, collect: () => new JsonArrayCollector(style) };
}

function itemWriter(codec: Codec, target: JsonTarget, codecs: CodecSet): ArrayStyle["write"] {
  if (codec.isRow !== true) return jsonWriter(codec, target, codecs);
  const write = rowWriter(codec, target, codecs);
  return (row, names) => write(row, must(names, "a row is collected with the names of its columns"));
}

/** json_agg; arrays and rows stand on lines of their own. */
export function jsonAgg(codec: Codec, strict: boolean, codecs: CodecSet): ListAggregate {
  const structured = codec.element !== undefined || codec.isRow === true;
  return arrayAggregate({
    write: itemWriter(codec, "json", codecs),
    strict,
    separator: (isNull) => (structured && !isNull ? ", \n " : ", "),
    encode: (text) => Buffer.from(text, "utf8"),
  });
}

/** jsonb_agg. */
export function jsonbAgg(codec: Codec, strict: boolean, codecs: CodecSet): ListAggregate {
  return arrayAggregate({
    write: itemWriter(codec, "jsonb", codecs),
    strict,
    separator: () => ", ",
    encode: jsonbBytes,
  });
}
