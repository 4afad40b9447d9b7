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

  /** The rows as DataRow messages; undefined when a value's text form cannot be given exactly. */
  renderAll(rows: readonly Row[]): RenderedRows | undefined {
    const ends: number[] = [];
    output.truncate(0);
    for (const row of rows) {
      if (!this.#write(row)) return undefined;
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
      if (!this.#write(rows[index] as Row)) return undefined;
      ends.push(output.length);
    }
    return { bytes: output.take(), ends };
  }

  #write(row: Row): boolean {
    const start = output.length;
    output.byte(DATA_ROW);
    output.int32(0);
    output.int16(this.#codecs.length);
    if (this.#allBinary) output.bytes(row);
    else if (!this.#writeColumns(row)) return false;
    output.setInt32(start + 1, output.length - start - 1);
    return true;
  }

  #writeColumns(row: Row): boolean {
    const codecs = this.#codecs;
    let at = 0;
    for (let index = 0; index < codecs.length; index++) {
      const length = row.readInt32BE(at);
      at += 4;
      output.int32(length);
      if (length < 0) continue;
      const end = at + length;
      if (this.#formats[index] === BINARY) output.bytes(row, at, end);
      else if (!this.#writeText(codecs[index] as Codec, row, at, end)) return false;
      at = end;
    }
    return true;
  }

  #writeText(codec: Codec, row: Row, start: number, end: number): boolean {
    const before = output.length;
    if (codec.writeText !== undefined) {
      if (!codec.writeText(row, start, end, output, this.#settings)) return false;
    } else {
      const text = codec.toText(row.subarray(start, end), this.#settings);
      if (text === undefined) return false;
      output.bytes(text);
    }
    output.setInt32(before - 4, output.length - before);
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
