import { must } from "@freshet/base";
import type { TextSettings } from "@freshet/values";
import type { RowRenderer } from "../front/answer.ts";
import type { CompiledCache } from "../front/compiled-caches.ts";
import type { Pieces } from "../front/large-answer.ts";
import type { ParameterValues } from "../front/parameters.ts";

/** An answer that looked at more keys of its view is not kept. */
const MAX_VIEW_KEYS = 16;

/** What asks for a large answer. */
export interface LargeQuestion {
  readonly compiled: CompiledCache;
  readonly values: ParameterValues;
  /** Of the answer's formats and settings. */
  readonly renderer: RowRenderer;
}

interface KeptLarge extends LargeQuestion {
  readonly pieces: Pieces;
  /** Keys of the view that decide the rows, one character per byte. */
  readonly viewKeys: readonly string[];
  readonly bytes: number;
}

/** What has changed since a large answer began to be read; the whole view: null. */
interface Reading {
  readonly cacheId: number;
  changed: Set<string> | null;
}

/**
 * Large answers as they were rendered, the least recently used last to stay. They hold in the state of the store that is followed to: `drop`
 * ends those that a change touches, also while they are still being read.
 */
export class KeptPieces {
  readonly #maxBytes: number;
  /** In order of use, the latest last. */
  readonly #kept = new Set<KeptLarge>();
  readonly #readings = new Set<Reading>();
  #bytes = 0;

  /** With a budget of 0 nothing is kept. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether changes need not be told. */
  get isIdle(): boolean {
    return this.#kept.size === 0 && this.#readings.size === 0;
  }

  find(
    compiled: CompiledCache,
    values: ParameterValues,
    formats: readonly number[],
    settings: TextSettings,
  ): Pieces | null {
    if (this.#kept.size === 0) return null;
    for (const each of this.#kept) {
      if (each.compiled !== compiled || !each.renderer.fits(formats, settings) || !equalValues(each.values, values))
        continue;
      this.#kept.delete(each);
      this.#kept.add(each);
      return each.pieces;
    }
    return null;
  }

  /** To be called at a state that is followed to, before the answer is read from it or a later one. */
  begin({ id }: CompiledCache): Reading {
    const reading: Reading = { cacheId: id, changed: new Set() };
    this.#readings.add(reading);
    return reading;
  }

  /** To be called however reading has ended. */
  end(reading: Reading): void {
    this.#readings.delete(reading);
  }

  /** Keeps an answer whose state has been followed to by now, unless something in it has changed since it began to be read. */
  add({ changed }: Reading, question: LargeQuestion, pieces: Pieces, keys: readonly Buffer[]): void {
    const bytes = pieces.pieces.reduce((sum, piece) => sum + piece.bytes.length + 8 * piece.ends.length, 0);
    if (changed === null || keys.length > MAX_VIEW_KEYS || bytes > this.#maxBytes) return;
    // Without the tag.
    const viewKeys = keys.map((key) => key.toString("latin1", 1));
    if (viewKeys.some((key) => changed.has(key))) return;
    for (const oldest of this.#kept) {
      if (this.#bytes + bytes <= this.#maxBytes) break;
      this.#remove(oldest);
    }
    this.#kept.add({ ...question, pieces, viewKeys, bytes });
    this.#bytes += bytes;
  }

  /** Ends the answers that came from this key of a view; null: from any. */
  drop(cacheId: number, viewKey: string | null): void {
    for (const reading of this.#readings) {
      if (reading.cacheId !== cacheId) continue;
      if (viewKey === null) reading.changed = null;
      else reading.changed?.add(viewKey);
    }
    for (const each of this.#kept) {
      if (each.compiled.id === cacheId && (viewKey === null || each.viewKeys.includes(viewKey))) this.#remove(each);
    }
  }

  clear(): void {
    for (const reading of this.#readings) reading.changed = null;
    this.#kept.clear();
    this.#bytes = 0;
  }

  #remove(kept: KeptLarge): void {
    this.#kept.delete(kept);
    this.#bytes -= kept.bytes;
  }
}

function equalValues(some: ParameterValues, others: ParameterValues): boolean {
  return (
    some.length === others.length && some.every((values, parameter) => equalLists(values, must(others[parameter])))
  );
}

function equalLists(some: ParameterValues[number], others: ParameterValues[number]): boolean {
  return some.length === others.length && some.every((value, index) => equalValue(value, others[index] ?? null));
}

function equalValue(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}
