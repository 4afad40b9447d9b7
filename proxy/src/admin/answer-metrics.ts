import { Counter as PromCounter, Gauge, type Registry } from "prom-client";
import type { AnswerStore } from "../invalidate/answer-store.ts";
import type { FillPool } from "../invalidate/fill-pool.ts";
import type { Invalidations } from "../invalidate/invalidations.ts";

/** What the gauges of mode `invalidate` read. */
export interface AnswerSources {
  readonly answers: Pick<AnswerStore, "size" | "bytes" | "dropped" | "evicted" | "usage">;
  readonly invalidations: Pick<Invalidations, "fills" | "discarded">;
  readonly pool: Pick<FillPool, "queued">;
}

/** Of the answers that caches in mode `invalidate` keep. */
export function answerMetrics(sources: () => AnswerSources, registers: Registry[]): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  gauge("freshet_answers", "Answers kept in mode invalidate.", () => sources().answers.size);
  gauge("freshet_answer_bytes", "Memory that they take.", () => sources().answers.bytes);
  gauge("freshet_fills_queued", "Answers that wait to be read.", () => sources().pool.queued);
  new PromCounter({
    name: "freshet_answers_total",
    help: "Answers in mode invalidate by event: read, overtaken while they were read, dropped by a change, evicted.",
    labelNames: ["event"],
    registers,
    collect() {
      this.reset();
      const { answers, invalidations } = sources();
      this.inc({ event: "read" }, invalidations.fills);
      this.inc({ event: "overtaken" }, invalidations.discarded);
      this.inc({ event: "dropped" }, answers.dropped);
      this.inc({ event: "evicted" }, answers.evicted);
    },
  });
}
