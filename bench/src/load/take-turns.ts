import { NothingDone } from "./load.ts";
import { type Stolen, withStolenShare } from "../system/stolen-time.ts";

/** Slices of each contender. */
const TURNS = 5;
const QUICK_TURNS = 1;

export interface Turns {
  readonly seconds: number;
  readonly quick: boolean;
  readonly log: (text: string) => void;
}

/** Seconds of one slice, so that all of a contender's slices take somewhat longer than a measurement is to take. */
function sliceSeconds({ seconds, quick }: Turns): number {
  return Math.max(1, Math.round(seconds / (quick ? QUICK_TURNS : TURNS - 2)));
}

/**
 * The contenders run a slice each, in turn, several times over, so that a change of the machine's mood meets all of them. Of each, the slice
 * counts during which the hypervisor took least of the machine away: that depends on nothing that the contender does.
 */
export async function takeTurns<C, R extends object>(
  contenders: readonly C[],
  options: Turns,
  slice: (contender: C, seconds: number) => Promise<R>,
): Promise<(R & Stolen)[]> {
  const calmest = new Map<C, R & Stolen>();
  for (let turn = 0; turn < (options.quick ? QUICK_TURNS : TURNS); turn++) {
    for (const contender of contenders) {
      const run = await orNothing(() => withStolenShare(() => slice(contender, sliceSeconds(options))), options.log);
      const best = calmest.get(contender);
      if (run !== null && (best === undefined || run.stolenShare < best.stolenShare)) calmest.set(contender, run);
    }
  }
  if (calmest.size < contenders.length) throw new NothingDone("a contender answered nothing in any of its slices");
  return [...calmest.values()];
}

/** One slice without an answer, where the machine stood still, is not to cost a run of many minutes. */
async function orNothing<T>(work: () => Promise<T>, log: (text: string) => void): Promise<T | null> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof NothingDone)) throw thrown;
    log(`a slice without figures: ${thrown.message}`);
    return null;
  }
}
