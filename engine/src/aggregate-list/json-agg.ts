import type { Codec, CodecSet } from "@freshet/values";
import type { Collector, ListAggregate } from "./collector.ts";
import { type JsonWriter, jsonWriter } from "./json-value.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";

interface ArrayStyle {
  readonly write: JsonWriter;
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

  add([value = null]: readonly (Buffer | null)[]): void {
    const { write, strict, separator } = this.#style;
    this.#text ??= "";
    if (value === null && strict) return;
    if (this.#text !== "") this.#text += separator(value === null);
    this.#text += value === null ? "null" : write(value);
  }

  result(): Buffer | null {
    return this.#text === undefined ? null : this.#style.encode(`[${this.#text}]`);
  }
}

function arrayAggregate(style: ArrayStyle): ListAggregate {
  return { ignores: () => false, collect: () => new JsonArrayCollector(style) };
}

/** json_agg; arrays stand on lines of their own. */
export function jsonAgg(codec: Codec, strict: boolean, codecs: CodecSet): ListAggregate {
  const structured = codec.element !== undefined;
  return arrayAggregate({
    write: jsonWriter(codec, "json", codecs),
    strict,
    separator: (isNull) => (structured && !isNull ? ", \n " : ", "),
    encode: (text) => Buffer.from(text, "utf8"),
  });
}

/** jsonb_agg. */
export function jsonbAgg(codec: Codec, strict: boolean, codecs: CodecSet): ListAggregate {
  return arrayAggregate({
    write: jsonWriter(codec, "jsonb", codecs),
    strict,
    separator: () => ", ",
    encode: jsonbBytes,
  });
}
