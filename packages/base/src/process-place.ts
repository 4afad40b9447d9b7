import { type Environment, environment } from "./environment.ts";

/** Which of an instance's processes this one is. */
export interface ProcessPlace {
  /** 0 has the caches. */
  readonly front: number;
  /** Processes that were started together, and only they, work together. */
  readonly generation: number;
}

const VARIABLE = "FRESHET_PLACE";

/** What a process that is to have this place is given in its environment. */
export function placeEnvironment({ front, generation }: ProcessPlace): Record<string, string> {
  return { [VARIABLE]: `${generation} ${front}` };
}

/** The place that this process was given; without one it is the only one. */
export function processPlace(given: Environment = environment()): ProcessPlace {
  const [, generation = "0", front = "0"] = /^(\d+) (\d+)$/.exec(given[VARIABLE] ?? "") ?? [];
  return { front: Number(front), generation: Number(generation) };
}
