import type { MixedResult, MixedSample } from "../cases/mixed.ts";
import { slope } from "../statistics.ts";

/** Before it the caches of the process fill, which is no growth. */
const WARM_UP_SHARE = 0.2;

/** How much more there is at the end of the run than at its beginning, by the line through all samples after the warm-up. */
export interface MixedGrowth {
  readonly delayMs: number;
  /** Of heaps and buffers, as a share of their mean. */
  readonly memory: number;
  /** As a share of the mean. */
  readonly hits: number;
}

export function mixedGrowth({ samples, seconds }: MixedResult): MixedGrowth {
  const warm = samples.filter((sample) => sample.seconds >= seconds * WARM_UP_SHARE);
  const kept = warm.length < 2 ? samples : warm;
  const growth = (of: (sample: MixedSample) => number): number =>
    slope(kept.map((sample) => [sample.seconds, of(sample)] as const)) * seconds * (1 - WARM_UP_SHARE);
  const mean = (of: (sample: MixedSample) => number): number =>
    kept.reduce((sum, sample) => sum + of(sample), 0) / kept.length;
  const share = (of: (sample: MixedSample) => number): number => growth(of) / mean(of);
  return {
    delayMs: growth(({ visibleMs }) => visibleMs),
    memory: share(({ anonymousBytes }) => anonymousBytes),
    hits: share(({ hitsPerSecond }) => hitsPerSecond),
  };
}
