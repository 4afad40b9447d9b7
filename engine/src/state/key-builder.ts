import { KeyWriter } from "@freshet/values";
import type { Codec } from "@freshet/values";
import type { RowView } from "../expression/row-view.ts";
import type { BytesReader } from "../operators/evaluate.ts";
import { digest } from "./multiset.ts";

const NULL_MARK = 0x00;
const VALUE_MARK = 0x01;
const DIGEST_MARK = 0x02;

/** Longer keys are replaced by their digest: they stand for equality alone. */
const MAX_PLAIN_KEY_BYTES = 700;

/**
 * Builds keys that are equal exactly where PostgreSQL's `=` says so for all columns, NULL equal to
 * NULL. Prefix-free among the keys of one builder.
 */
export class KeyBuilder {
  readonly #readers: readonly BytesReader[];
  readonly #codecs: readonly Codec[];
  readonly #nullSafe: readonly boolean[];
  readonly #writer = new KeyWriter();
  /** Whether a column of the last key was NULL that is not null-safe. */
  hasNull = false;

  constructor(readers: readonly BytesReader[], codecs: readonly Codec[], nullSafe: readonly boolean[] = []) {
    this.#readers = readers;
    this.#codecs = codecs;
    this.#nullSafe = nullSafe;
  }

  /** The key of the row in `view`; throws what an expression throws. */
  build(view: RowView): Buffer {
    const writer = this.#writer;
    writer.truncate(0);
    this.hasNull = false;
    for (let index = 0; index < this.#readers.length; index++) {
      const bytes = (this.#readers[index] as BytesReader)(view);
      if (bytes === null) {
        if (this.#nullSafe[index] !== true) this.hasNull = true;
        writer.byte(NULL_MARK);
        continue;
      }
      writer.byte(VALUE_MARK);
      (this.#codecs[index] as Codec).writeKey(bytes, writer);
    }
    if (writer.length <= MAX_PLAIN_KEY_BYTES) return writer.take();
    const shortened = Buffer.concat([Buffer.from([DIGEST_MARK]), digest(writer.peek())]);
    writer.truncate(0);
    return shortened;
  }
}
