import type { Expression } from "@freshet/sql";
import { type Codec, KeyWriter, rangeKeyWriter } from "@freshet/values";
import type { RowView } from "../expression/row-view.ts";
import type { BytesReader } from "../operators/evaluate.ts";
import { digest } from "./multiset.ts";

const NULL_MARK = 0x00;
const VALUE_MARK = 0x01;
const DIGEST_MARK = 0x02;

/** Longer keys are replaced by their digest: they stand for equality alone. */
const MAX_PLAIN_KEY_BYTES = 700;

/** Appends a value's key; false, with nothing appended, where it is NULL. */
export type KeyPart = (view: RowView, out: KeyWriter) => boolean;

/** The key of a row's column. */
export function columnKey(column: number, codec: Codec): KeyPart {
  const write = rangeKeyWriter(codec);
  if (write === undefined) return valueKey((view) => view.bytes(column), codec);
  return (view, out) => {
    const start = view.start(column);
    if (start < 0) return false;
    write(view.buffer, start, start + view.length(column), out);
    return true;
  };
}

function valueKey(read: BytesReader, codec: Codec): KeyPart {
  return (view, out) => {
    const bytes = read(view);
    if (bytes === null) return false;
    codec.writeKey(bytes, out);
    return true;
  };
}

/**
 * Builds keys that are equal exactly where PostgreSQL's `=` says so for all columns, NULL equal to
 * NULL. Prefix-free among the keys of one builder.
 */
export class KeyBuilder {
  readonly #parts: readonly KeyPart[];
  readonly #nullSafe: readonly boolean[];
  readonly #writer = new KeyWriter();
  /** Whether a column of the last key was NULL that is not null-safe. */
  hasNull = false;

  /** `expressions`: what the readers read, where it is known; plain columns are then read in place. */
  constructor(
    readers: readonly BytesReader[],
    codecs: readonly Codec[],
    nullSafe: readonly boolean[] = [],
    expressions: readonly Expression[] = [],
  ) {
    this.#parts = codecs.map((codec, index) => {
      const expression = expressions[index];
      return expression?.kind === "column"
        ? columnKey(expression.index, codec)
        : valueKey(readers[index] as BytesReader, codec);
    });
    this.#nullSafe = nullSafe;
  }

  /** The key of the row in `view`; throws what an expression throws. */
  build(view: RowView): Buffer {
    const writer = this.#writer;
    writer.truncate(0);
    this.hasNull = false;
    for (let index = 0; index < this.#parts.length; index++) {
      const start = writer.length;
      writer.byte(VALUE_MARK);
      if ((this.#parts[index] as KeyPart)(view, writer)) continue;
      writer.truncate(start);
      writer.byte(NULL_MARK);
      if (this.#nullSafe[index] !== true) this.hasNull = true;
    }
    if (writer.length <= MAX_PLAIN_KEY_BYTES) return writer.take();
    const shortened = Buffer.concat([Buffer.from([DIGEST_MARK]), digest(writer.peek())]);
    writer.truncate(0);
    return shortened;
  }
}
