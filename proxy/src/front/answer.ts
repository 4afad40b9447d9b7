import { must } from "@freshet/base";
import type { ResultColumn } from "@freshet/sql";
import type { Codec, CodecSet, Lsn, Row, TextSettings } from "@freshet/values";
import { encodeRowDescription } from "@freshet/wire";
import type { Answer } from "../session/front-ports.ts";

const DATA_ROW = 0x44;
const BINARY = 1;

/** The format of each column from Bind's list: none means all text, one stands for all. */
export function expandFormats(formats: readonly number[], count: number): readonly number[] {
  if (formats.length === count) return formats;
  return Array.from({ length: count }, () => formats[0] ?? 0);
}

/** How one cache's result is sent: what does not change from answer to answer is made once. */
export class ResultForms {
  readonly #result: readonly ResultColumn[];
  readonly #codecs: CodecSet;
  /** RowDescription with all columns in text (0) or all in binary (1). */
  readonly #uniform: (Buffer | undefined)[] = [undefined, undefined];
  #renderer: RowRenderer | null = null;

  constructor(result: readonly ResultColumn[], codecs: CodecSet) {
    this.#result = result;
    this.#codecs = codecs;
  }

  get columns(): number {
    return this.#result.length;
  }

  rowDescription(formats: readonly number[]): Buffer {
    if (formats.length > 1) return rowDescription(this.#result, formats);
    const format = formats[0] ?? 0;
    const made = this.#uniform[format] ?? rowDescription(this.#result, formats);
    if (format === 0 || format === BINARY) this.#uniform[format] = made;
    return made;
  }

  renderer(formats: readonly number[], settings: TextSettings): RowRenderer {
    if (this.#renderer?.fits(formats, settings) === true) return this.#renderer;
    this.#renderer = new RowRenderer(this.#result, formats, this.#codecs, settings);
    return this.#renderer;
  }
}

export function rowDescription(result: readonly ResultColumn[], formats: readonly number[]): Buffer {
  const expanded = expandFormats(formats, result.length);
  return encodeRowDescription(result.map((column, index) => ({ ...column, format: must(expanded[index]) })));
}

/** Turns packed rows into DataRow messages for one list of formats and one session's settings. */
export class RowRenderer {
  readonly #codecs: readonly Codec[];
  readonly #asked: readonly number[];
  readonly #formats: readonly number[];
  readonly #allBinary: boolean;
  readonly #settings: TextSettings;
  /** Settings that the text of its columns depends on. */
  readonly #dependsOn: readonly (keyof TextSettings)[];

  constructor(result: readonly ResultColumn[], formats: readonly number[], codecs: CodecSet, settings: TextSettings) {
    this.#codecs = result.map((column) => must(codecs.get(column.typeOid), "a result column has a codec"));
    this.#asked = formats;
    this.#formats = expandFormats(formats, result.length);
    this.#allBinary = this.#formats.every((format) => format === BINARY);
    this.#settings = settings;
    const dependsOn = this.#codecs.flatMap((codec, index) =>
      this.#formats[index] === BINARY ? [] : codec.textDependsOn,
    );
    this.#dependsOn = [...new Set(dependsOn)];
  }

  /** Whether it renders for these formats and settings, too. */
  fits(formats: readonly number[], settings: TextSettings): boolean {
    if (formats.length !== this.#asked.length) return false;
    for (let index = 0; index < formats.length; index++) if (formats[index] !== this.#asked[index]) return false;
    if (settings === this.#settings) return true;
    for (const name of this.#dependsOn) if (settings[name] !== this.#settings[name]) return false;
    return true;
  }

  /** One whole DataRow message; undefined when a value's text form cannot be given exactly. */
  render(row: Row): Buffer | undefined {
    return this.#allBinary ? this.#renderBinary(row) : this.#renderMixed(row);
  }

  #renderBinary(row: Row): Buffer {
    const message = Buffer.allocUnsafe(7 + row.length);
    message[0] = DATA_ROW;
    message.writeInt32BE(6 + row.length, 1);
    message.writeInt16BE(this.#codecs.length, 5);
    message.set(row, 7);
    return message;
  }

  #renderMixed(row: Row): Buffer | undefined {
    const values: (Buffer | null)[] = [];
    let size = 7;
    let at = 0;
    for (let index = 0; index < this.#codecs.length; index++) {
      const length = row.readInt32BE(at);
      at += 4;
      if (length < 0) {
        values.push(null);
        size += 4;
        continue;
      }
      const bytes = row.subarray(at, at + length);
      at += length;
      const value = this.#formats[index] === BINARY ? bytes : must(this.#codecs[index]).toText(bytes, this.#settings);
      if (value === undefined) return undefined;
      values.push(value);
      size += 4 + value.length;
    }
    return assemble(values, size);
  }
}

function assemble(values: readonly (Buffer | null)[], size: number): Buffer {
  const message = Buffer.allocUnsafe(size);
  message[0] = DATA_ROW;
  message.writeInt32BE(size - 1, 1);
  message.writeInt16BE(values.length, 5);
  let at = 7;
  for (const value of values) {
    if (value === null) {
      at = message.writeInt32BE(-1, at);
      continue;
    }
    at = message.writeInt32BE(value.length, at);
    message.set(value, at);
    at += value.length;
  }
  return message;
}

/** A hit whose rows are rendered already, for the formats the execution asked for. */
export class RenderedAnswer implements Answer {
  readonly kind = "hit";
  readonly cache: string;
  readonly lsn: Lsn;
  readonly #forms: ResultForms;
  readonly #rows: readonly Buffer[];

  constructor(cache: string, lsn: Lsn, forms: ResultForms, rows: readonly Buffer[]) {
    this.cache = cache;
    this.lsn = lsn;
    this.#forms = forms;
    this.#rows = rows;
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  rowDescription(formats: readonly number[]): Buffer {
    return this.#forms.rowDescription(formats);
  }

  dataRows(_formats: readonly number[], from: number, to: number): Buffer {
    return to - from === 1 ? must(this.#rows[from]) : Buffer.concat(this.#rows.slice(from, to));
  }
}
