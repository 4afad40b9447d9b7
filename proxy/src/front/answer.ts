import { must } from "@freshet/base";
import type { ResultColumn } from "@freshet/sql";
import { ByteWriter, type Codec, type CodecSet, type Lsn, type Row, type TextSettings } from "@freshet/values";
import { encodeRowDescription } from "@freshet/wire";
import type { Answer } from "../session/front-ports.ts";

const DATA_ROW = 0x44;
const BINARY = 1;
/** A piece of a large answer has at most so many rows, and ends behind so many bytes. */
const PIECE_ROWS = 1000;
const PIECE_BYTES = 128 << 10;

/** What all answers are written to, one after the other. */
const output = new ByteWriter(4096);

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
    this.#renderer = this.newRenderer(formats, settings);
    return this.#renderer;
  }

  /** One of its own for who keeps it. */
  newRenderer(formats: readonly number[], settings: TextSettings): RowRenderer {
    return new RowRenderer(this.#result, formats, this.#codecs, settings);
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

  /** The rows as DataRow messages; undefined when a value's text form cannot be given exactly. */
  renderAll(rows: readonly Row[]): RenderedRows | undefined {
    const ends: number[] = [];
    output.truncate(0);
    for (const row of rows) {
      if (!this.append(output, row, 0, row.length)) return undefined;
      ends.push(output.length);
    }
    return { bytes: output.take(), ends };
  }

  /** The rows from `from` on, as many as make a piece of a large answer; undefined as above. */
  renderPiece(rows: readonly Row[], from: number): RenderedRows | undefined {
    const ends: number[] = [];
    output.truncate(0);
    const to = Math.min(rows.length, from + PIECE_ROWS);
    for (let index = from; index < to && output.length < PIECE_BYTES; index++) {
      const row = rows[index] as Row;
      if (!this.append(output, row, 0, row.length)) return undefined;
      ends.push(output.length);
    }
    return { bytes: output.take(), ends };
  }

  /** Appends the DataRow of the packed row in `source[start, end)`; false where a value's text form cannot be given exactly. */
  append(out: ByteWriter, source: Buffer, start: number, end: number): boolean {
    const message = out.length;
    out.byte(DATA_ROW);
    out.int32(0);
    out.int16(this.#codecs.length);
    if (this.#allBinary) out.bytes(source, start, end);
    else if (!this.#writeColumns(out, source, start)) return false;
    out.setInt32(message + 1, out.length - message - 1);
    return true;
  }

  #writeColumns(out: ByteWriter, source: Buffer, start: number): boolean {
    const codecs = this.#codecs;
    let at = start;
    for (let index = 0; index < codecs.length; index++) {
      const length = source.readInt32BE(at);
      at += 4;
      out.int32(length);
      if (length < 0) continue;
      const end = at + length;
      if (this.#formats[index] === BINARY) out.bytes(source, at, end);
      else if (!this.#writeText(out, codecs[index] as Codec, source, at, end)) return false;
      at = end;
    }
    return true;
  }

  #writeText(out: ByteWriter, codec: Codec, source: Buffer, start: number, end: number): boolean {
    const before = out.length;
    if (codec.writeText !== undefined) {
      if (!codec.writeText(source, start, end, out, this.#settings)) return false;
    } else {
      const text = codec.toText(source.subarray(start, end), this.#settings);
      if (text === undefined) return false;
      out.bytes(text);
    }
    out.setInt32(before - 4, out.length - before);
    return true;
  }
}

/** DataRow messages, one behind the other, and where each of them ends. */
export interface RenderedRows {
  readonly bytes: Buffer;
  readonly ends: readonly number[];
}

/** A hit whose rows are rendered already, for the formats the execution asked for. */
export class RenderedAnswer implements Answer {
  readonly kind = "hit";
  readonly cache: string;
  readonly lsn: Lsn;
  readonly #forms: ResultForms;
  readonly #rows: RenderedRows;

  constructor(cache: string, lsn: Lsn, forms: ResultForms, rows: RenderedRows) {
    this.cache = cache;
    this.lsn = lsn;
    this.#forms = forms;
    this.#rows = rows;
  }

  get rowCount(): number {
    return this.#rows.ends.length;
  }

  rowDescription(formats: readonly number[]): Buffer {
    return this.#forms.rowDescription(formats);
  }

  dataRows(_formats: readonly number[], from: number, to: number): Buffer {
    const { bytes, ends } = this.#rows;
    if (from === 0 && to === ends.length) return bytes;
    return bytes.subarray(from === 0 ? 0 : ends[from - 1], to === 0 ? 0 : ends[to - 1]);
  }
}
