import { ENTRY_TAG } from "@freshet/contract";
import type { StoreReader } from "@freshet/store";
import { ByteWriter, KeyWriter, type Lsn } from "@freshet/values";
import { readyForQuery, selectComplete } from "@freshet/wire";
import type { KeptFront } from "../kept/kept-front.ts";
import { SHARED_STATE_MS } from "../kept/recent-state.ts";
import { Standing, type StandingParts } from "../kept/standing.ts";
import type { Keep, PointHit, PointReads, PreparedRoute, SessionFacts } from "../session/front-ports.ts";
import { BindValues } from "./bind-values.ts";
import type { Clock } from "./clock-port.ts";
import type { CompiledCaches } from "./compiled-caches.ts";
import { ListedRows } from "./listed-rows.ts";
import { textValue } from "./parameters.ts";
import { type PointForm, type PointTarget, pointTarget } from "./point-target.ts";
import { type RoutableCaches, matchCache } from "./route-match.ts";

/** Where there was no cache that answers, one is looked for again after this time. */
const RETRY_MS = 1000;
const BINARY = 1;
const READY: Buffer = readyForQuery("I");
const NO_FORMATS: readonly number[] = [];

export interface PointParts extends StandingParts {
  readonly catalog: RoutableCaches;
  readonly compiled: CompiledCaches;
  readonly kept: Pick<KeptFront, "follow" | "keep">;
  readonly reader: () => StoreReader | null;
  readonly clock: Clock;
  readonly onAnswered: (milliseconds: number) => void;
  /** Larger answers are made elsewhere. */
  readonly maxBytes: number;
}

// What an answer needs while it is made, one after the other.
const values = new BindValues();
const key = new KeyWriter();
const output = new ByteWriter(4096);
const rows = new ListedRows(output);

/**
 * One session's look-ups by key of one prepared statement, as long as its facts hold: from Bind's bytes to the key's, one `get`, and the rows to the answer's bytes.
 * It answers only what is surely right; everything else is for `ViewFront.execute`, which knows why not.
 */
export class PointRead implements PointReads {
  readonly #parts: PointParts;
  readonly #route: PreparedRoute;
  readonly #facts: SessionFacts;
  readonly #typeOids: readonly number[];
  #target: PointTarget | null = null;
  #standing: Standing | null = null;
  #resolvedAt = Number.NEGATIVE_INFINITY;

  /** The session's facts allow hits that wait for nothing. */
  constructor(parts: PointParts, route: PreparedRoute, facts: SessionFacts, typeOids: readonly number[]) {
    this.#parts = parts;
    this.#route = route;
    this.#facts = facts;
    this.#typeOids = typeOids;
  }

  answer(
    buffer: Buffer,
    start: number,
    end: number,
    isDescribed: boolean,
    writeLsn: Lsn,
    keep: Keep | null,
  ): PointHit | null {
    const { clock, reader, onAnswered } = this.#parts;
    const time = clock();
    const target = this.#present(time);
    if (target === null || this.#standing?.holds(target.cache, target.compiled, time) !== true) return null;
    if (!values.read(buffer, start, end, target.columns) || !writeKey(target, buffer)) return null;
    const store = reader();
    if (store === null) return null;
    const form = target.forms[values.resultFormat === BINARY ? 1 : 0];
    output.truncate(0);
    output.bytes(isDescribed ? form.describedHead : form.head);
    const rowsAt = output.length;
    const viewKey = key.take();
    const lsn = this.#read(store, target, form, viewKey);
    if (lsn === null || (this.#facts.consistency !== "eventual" && lsn < writeLsn)) return null;
    if (keep !== null) this.#keep(keep, target, form, viewKey, rowsAt);
    output.bytes(selectComplete(rows.count));
    output.bytes(READY);
    target.cache.hits++;
    onAnswered(clock() - time);
    return { cache: target.cache.name, lsn, bytes: output };
  }

  /** Appends the rows of a key; the LSN of the state that they are of, or null where they are not to be had in this way. */
  #read(store: StoreReader, { compiled }: PointTarget, form: PointForm, viewKey: Buffer): Lsn | null {
    const { kept, maxBytes } = this.#parts;
    return store.readRecent(SHARED_STATE_MS, (transaction, version) => {
      const lsn = compiled.status.at(transaction, kept.follow(transaction, version));
      if (typeof lsn !== "bigint") return null;
      const list = compiled.read.list(transaction, viewKey);
      if (list === null) return null;
      rows.begin(form.renderer, maxBytes);
      if (list !== undefined) rows.append(list);
      return rows.complete ? lsn : null;
    });
  }

  #keep(keep: Keep, { cache, compiled, settings }: PointTarget, form: PointForm, viewKey: Buffer, from: number): void {
    const answer = {
      rowCount: rows.count,
      rowDescription: () => form.describedHead.subarray(form.head.length),
      dataRows: () => output.copy(from),
    };
    this.#parts.kept.keep(keep, { cache, compiled, answer, settings, formats: NO_FORMATS, viewKeys: [viewKey] });
  }

  /** The cache to ask; looked for again where it is not the catalog's any more, or the time zone's offsets are others. */
  #present(time: number): PointTarget | null {
    const target = this.#target;
    if (target !== null && isPresent(target, this.#parts.catalog) && this.#standing?.over === false) return target;
    if (target === null && time - this.#resolvedAt < RETRY_MS) return null;
    this.#resolvedAt = time;
    this.#target = this.#resolve();
    const { settings } = this.#target ?? {};
    this.#standing = settings === undefined ? null : new Standing(this.#parts, this.#facts, settings, time);
    return this.#target;
  }

  #resolve(): PointTarget | null {
    const { catalog, compiled, zones } = this.#parts;
    const { shape } = this.#route.info;
    if (shape === null) return null;
    const match = matchCache(catalog, shape, this.#facts.schemas);
    if (match.kind !== "cache" || match.cache.invalidation !== null) return null;
    const present = compiled.get(match.cache);
    if (present === null) return null;
    return pointTarget(match.cache, present, shape, this.#typeOids, zones.complete(this.#facts.text));
  }
}

function isPresent({ cache, compiled }: PointTarget, catalog: RoutableCaches): boolean {
  return cache.id === compiled.id && cache.planned === compiled.planned && catalog.byId(cache.id) === cache;
}

/** Writes the view's key; false for values that are not surely what PostgreSQL would compare with. */
function writeKey(target: PointTarget, buffer: Buffer): boolean {
  if (values.count !== target.key.length) return false;
  key.truncate(0);
  key.byte(ENTRY_TAG);
  for (const { index, codec } of target.key) {
    const start = values.starts[index] as number;
    const end = values.ends[index] as number;
    if (values.format !== BINARY && codec.writePlainKey?.(buffer, start, end, key) === true) continue;
    const raw = buffer.subarray(start, end);
    const value =
      values.format !== BINARY ? textValue(raw, codec, target.settings) : codec.isValid(raw) ? raw : undefined;
    if (value === undefined) return false;
    codec.writeKey(value, key);
  }
  return true;
}
