/** More values than this are left to the whole decoder. */
const MAX_VALUES = 16;
const TEXT = 0;
const BINARY = 1;

/** Where the values of a Bind stand, without an object for each: for Binds whose values have one format and whose results have one, too. */
export class BindValues {
  count = 0;
  /** All values' format: 0 text, 1 binary. */
  format: number = TEXT;
  /** All result columns' format. */
  resultFormat: number = TEXT;
  /** Value n is at `[starts[n], ends[n])`. */
  readonly starts: Int32Array = new Int32Array(MAX_VALUES);
  readonly ends: Int32Array = new Int32Array(MAX_VALUES);

  /** Reads `buffer[start, end)`, which stands behind the names; false for everything unusual: NULLs, mixed formats, malformed messages. */
  read(buffer: Buffer, start: number, end: number, columns: number): boolean {
    const formats = uint16(buffer, start);
    this.format = formats === 0 ? TEXT : uint16(buffer, start + 2);
    const at = afterFormats(buffer, start, end, this.format);
    if (at < 0) return false;
    this.count = uint16(buffer, at);
    if (this.count > MAX_VALUES || (formats > 1 && formats !== this.count)) return false;
    const results = this.#readValues(buffer, at + 2, end);
    if (results < 0) return false;
    const resultFormats = uint16(buffer, results);
    if (resultFormats > 1 && resultFormats !== columns) return false;
    this.resultFormat = resultFormats === 0 ? TEXT : uint16(buffer, results + 2);
    return afterFormats(buffer, results, end + 2, this.resultFormat) === end;
  }

  /** Behind the values, where there is room for a number; -1: they are not to be read here. */
  #readValues(buffer: Buffer, start: number, end: number): number {
    let at = start;
    for (let index = 0; index < this.count; index++) {
      if (at + 4 > end) return -1;
      const length = (uint16(buffer, at) << 16) | uint16(buffer, at + 2);
      at += 4;
      if (length < 0 || length > end - at) return -1;
      this.starts[index] = at;
      at += length;
      this.ends[index] = at;
    }
    return at + 2 <= end ? at : -1;
  }
}

/** Behind a list of formats that are all `format`, where there is room for a number; else -1. */
function afterFormats(buffer: Buffer, start: number, end: number, format: number): number {
  if (start + 2 > end || (format !== TEXT && format !== BINARY)) return -1;
  const behind = start + 2 + 2 * uint16(buffer, start);
  if (behind + 2 > end) return -1;
  for (let at = start + 2; at < behind; at += 2) if (uint16(buffer, at) !== format) return -1;
  return behind;
}

/** Beyond the buffer's end: 0. */
function uint16(buffer: Buffer, at: number): number {
  return ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
}
