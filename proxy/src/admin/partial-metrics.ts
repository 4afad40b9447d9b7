import type { Engine } from "@freshet/contract";
import { Counter, type Registry } from "prom-client";

/** What happens to keys of partial caches. */
export function partialMetrics(engine: () => Pick<Engine, "stats">, registers: Registry[]): void {
  new Counter({
    name: "freshet_partial_keys_total",
    help: "Keys of partial caches, by event: filled, evicted.",
    labelNames: ["event"],
    registers,
    async collect() {
      const { keysFilled, keysEvicted } = await engine().stats();
      this.reset();
      this.inc({ event: "filled" }, keysFilled);
      this.inc({ event: "evicted" }, keysEvicted);
    },
  });
}
