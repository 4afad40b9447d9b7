import { now, sleep } from "@freshet/base";
import type { Upstream } from "../system/upstream.ts";
import { rest } from "./rest.ts";
import { type ValueReader } from "./value-reader.ts";

const LIMIT_MS = 60_000;

/** Sets the marker and looks until a reader sees it. */
export class Probe {
  readonly #writer: ValueReader;
  readonly #reader: ValueReader;
  readonly #query: string;
  readonly #pauseMs: number;

  /** `pauseMs` between two looks, of which one below 1 stops this thread meanwhile. */
  constructor(writer: ValueReader, reader: ValueReader, query: string, pauseMs: number) {
    this.#writer = writer;
    this.#reader = reader;
    this.#query = query;
    this.#pauseMs = pauseMs;
  }

  /** Resolves with the milliseconds from the writer's answer until the marker was seen; below 0 when it was seen before. */
  async take(marker: number): Promise<number> {
    const written = this.#writer.query(`UPDATE bench_marker SET value = ${marker} WHERE id = 1`).then(() => now());
    const seen = this.#until(marker);
    const [committed, visible] = await Promise.all([written, seen]);
    return visible - committed;
  }

  async #until(marker: number): Promise<number> {
    const started = now();
    while (Number(await this.#reader.query(this.#query)) < marker) {
      if (now() - started > LIMIT_MS) throw new Error(`not visible after ${LIMIT_MS} ms: ${this.#query}`);
      if (this.#pauseMs < 1) rest(this.#pauseMs);
      else await sleep(this.#pauseMs);
    }
    return now();
  }
}

/** The next value of the marker. */
export async function nextMarker({ sql }: Upstream): Promise<number> {
  return Number(await sql.value("SELECT value + 1 FROM bench_marker WHERE id = 1"));
}
