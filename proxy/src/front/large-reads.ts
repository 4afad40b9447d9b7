import type { StoreReader } from "@freshet/store";
import type { Lsn } from "@freshet/values";
import type { KeptFront } from "../kept/kept-front.ts";
import type { Answer, Miss } from "../session/front-ports.ts";
import type { Clock } from "./clock-port.ts";
import type { KeyFills } from "./key-fills.ts";
import { LargeAnswer, renderPieces } from "./large-answer.ts";
import { readInSlices } from "./large-read.ts";
import { missOf } from "./misses.ts";
import type { ViewExecution, ViewMisses } from "./view-execution.ts";

interface LargeReadParts {
  readonly fills: Pick<KeyFills, "use">;
  readonly kept: Pick<KeptFront, "follow" | "large">;
  readonly limits: { readonly maxResultBytes: number; readonly readScanRows: number };
  readonly reader: () => StoreReader | null;
  readonly clock: Clock;
  readonly onAnswered: (milliseconds: number) => void;
}

/** Large answers: read and rendered in slices with turns of the event loop between them, and kept as they were rendered. */
export class LargeReads {
  readonly #parts: LargeReadParts;
  readonly #misses: ViewMisses;

  constructor(parts: LargeReadParts, misses: ViewMisses) {
    this.#parts = parts;
    this.#misses = misses;
  }

  /** One that was kept, as of the state that was followed to last, which is that of `lsn`. */
  kept({ cache, compiled, values, formats, settings }: ViewExecution, lsn: Lsn): LargeAnswer | null {
    const pieces = this.#parts.kept.large.find(compiled, values, formats, settings);
    return pieces === null ? null : new LargeAnswer(cache.name, lsn, compiled.forms, pieces);
  }

  /**
   * Reads at one state of the store, the newest. The state is given up before the first byte leaves, so that no client can hold it; and
   * whatever makes it a miss is known by then.
   */
  async read(reader: StoreReader, execution: ViewExecution, needed: Lsn): Promise<Answer | Miss> {
    const { kept, clock, onAnswered } = this.#parts;
    const started = clock();
    const reading = kept.large.begin(execution.compiled);
    try {
      const answer = await this.#read(reader, execution, needed, reading);
      if (answer.kind === "hit") {
        execution.cache.hits++;
        onAnswered(clock() - started);
      }
      return answer;
    } finally {
      kept.large.end(reading);
    }
  }

  async #read(
    reader: StoreReader,
    execution: ViewExecution,
    needed: Lsn,
    reading: ReturnType<KeptFront["large"]["begin"]>,
  ): Promise<Answer | Miss> {
    const { cache, compiled, settings, values, formats } = execution;
    const { fills, kept, limits } = this.#parts;
    const isOpen = (): boolean => this.#parts.reader() === reader;
    const large = await readInSlices(reader, isOpen, (snapshot) => {
      const lsn = compiled.status.now(snapshot);
      if (typeof lsn !== "bigint") return missOf(cache, lsn.reason, lsn.detail);
      if (lsn < needed) return missOf(cache, "read_your_writes", null);
      return {
        lsn,
        slices: compiled.read.readInSlices(snapshot, values, limits.maxResultBytes, limits.readScanRows),
      };
    });
    if (large === "closed") return missOf(cache, "cache_building", null);
    if ("kind" in large) return large;
    const { view } = large;
    if (view.kind !== "rows") return this.#misses.unread(execution, view);
    if (view.headers !== undefined) fills.use(compiled.id, view.headers);
    const renderer = compiled.forms.renderer(formats, settings);
    const rendered = await renderPieces(renderer, view.rows);
    if (rendered === undefined) return this.#misses.inexact(execution);
    // Of a partial view the engine has to hear which keys are in use.
    if (view.headers === undefined && isOpen()) {
      reader.readRecent(0, (transaction, version) => kept.follow(transaction, version));
      kept.large.add(reading, { compiled, values, renderer }, rendered, view.keys);
    }
    return new LargeAnswer(cache.name, large.lsn, compiled.forms, rendered);
  }
}
