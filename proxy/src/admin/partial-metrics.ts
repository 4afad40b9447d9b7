import type { EngineStats } from "@freshet/contract";
import { Counter, type Registry } from "prom-client";

/** How many keys of partial caches the engine has filled and given up since it was opened. */
export type PartialKeys = Pick<EngineStats, "keysFilled" | "keysEvicted">;

/** What happens to keys of partial caches. */
export function partialMetrics(read: () => Promise<PartialKeys>, registers: Registry[]): void {
  new Counter({
    name: "freshet_partial_keys_total",
    help: "Keys of partial caches, by event: filled, evicted.",
    labelNames: ["event"],
    registers,
    async collect() {
      const { keysFilled, keysEvicted } = await read();
      this.reset();
      this.inc({ event: "filled" }, keysFilled);
      this.inc({ event: "evicted" }, keysEvicted);
    },
  });
}
