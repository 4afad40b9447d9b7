import process from "node:process";
import { parseArgs } from "node:util";
import { now } from "@freshet/base";
import { describeFailure, keepRegression } from "./regression-files.ts";
import { startOracleServer } from "./oracle-server.ts";
import { PairCover } from "./pair-cover.ts";
import { randomCase } from "./random-case.ts";
import type { OracleCase } from "./oracle-case.ts";
import { knownFeatures } from "./grammar/features.ts";
import { runCase } from "./run-case.ts";
import { shrink } from "./shrink.ts";
import { list, OracleStatistics } from "./statistics.ts";

/** Queries of a case that is to bring pairs of features together. */
const CACHES_FOR_PAIRS = 16;

interface OracleOptions {
  readonly steps: number;
  readonly firstSeed: number;
  readonly perSeed: number;
  readonly favoured: readonly string[];
  readonly pairs: boolean;
  readonly invalidate: boolean;
  readonly fronts: number;
  readonly verbose: boolean;
  readonly keepGoing: boolean;
  readonly shrinks: boolean;
}

function readOptions(): OracleOptions {
  const { values } = parseArgs({
    options: {
      steps: { type: "string", default: "2000" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
      "per-seed": { type: "string", default: "100" },
      favour: { type: "string", default: "" },
      pairs: { type: "boolean", default: false },
      mode: { type: "string", default: "auto" },
      fronts: { type: "string", default: "1" },
      verbose: { type: "boolean", default: false },
      "keep-going": { type: "boolean", default: false },
      shrink: { type: "boolean", default: true },
    },
    allowNegative: true,
  });
  const [steps, firstSeed, perSeed] = [Number(values.steps), Number(values.seed), Number(values["per-seed"])];
  if (![steps, firstSeed, perSeed].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    throw new RangeError("--steps, --seed and --per-seed are whole numbers");
  }
  const favoured = values.favour === "" ? [] : values.favour.split(",").map((name) => name.trim());
  const unknown = favoured.filter((name) => !knownFeatures().includes(name));
  if (unknown.length > 0)
    throw new RangeError(`no such features: ${unknown.join(", ")}; there are ${knownFeatures().join(", ")}`);
  return {
    steps,
    firstSeed,
    perSeed,
    favoured,
    pairs: values.pairs,
    invalidate: values.mode === "invalidate",
    fronts: Number(values.fronts),
    verbose: values.verbose,
    keepGoing: values["keep-going"],
    shrinks: values.shrink,
  };
}

/**
 * `npm run oracle -- --steps 50000 [--seed N] [--per-seed 100] [--favour "HAVING,FILTER"] [--mode invalidate] [--fronts 2]`: the
 * oracle by hand, with new seeds until the steps are done. `npm run oracle -- --pairs [--per-seed 15]`: until every pair of the
 * grammar's features has met in a query that was cached.
 */
async function main(): Promise<number> {
  const options = readOptions();
  const server = await startOracleServer();
  const total = new OracleStatistics();
  const cover = options.pairs ? new PairCover(knownFeatures()) : undefined;
  const isDone = (): boolean => (cover === undefined ? total.steps >= options.steps : cover.remaining === 0);
  let failures = 0;
  const began = now();
  try {
    for (let seed = options.firstSeed; !isDone(); seed += 1) {
      const oracleCase = nextCase(seed, options, total.steps, cover);
      if (cover?.wants(oracleCase.caches.map(({ query }) => query)) === false) continue;
      const result = await runCase(server, oracleCase);
      total.add(result.statistics);
      cover?.settle(result.statistics);
      const remaining = cover === undefined ? "" : `; ${cover.remaining} pairs remain`;
      const seconds = ((now() - began) / 1000).toFixed(0);
      console.log(`${seconds} s, seed ${seed}: ${result.statistics.summary()}${remaining}`);
      if (result.failure === undefined) continue;
      failures += 1;
      console.log(describeFailure(oracleCase, result));
      if (options.shrinks) console.log(await keepRegression(await shrink(server, oracleCase, result)));
      if (!options.keepGoing) break;
      // A failed seed must not be run forever.
      total.transactions += Math.max(0, options.perSeed - result.statistics.steps);
    }
  } finally {
    await server.stop();
  }
  console.log(`in all: ${total.summary()}\nrefused: ${list(total.refused)}\n${total.coverage(knownFeatures())}`);
  if (cover !== undefined) console.log(cover.summary());
  return failures === 0 ? 0 : 1;
}

function nextCase(seed: number, options: OracleOptions, done: number, cover: PairCover | undefined): OracleCase {
  const { perSeed, steps, favoured } = options;
  const made = randomCase(seed, {
    favoured,
    ...(cover === undefined
      ? { steps: Math.max(1, Math.min(perSeed, steps - done)) }
      : { steps: perSeed, caches: CACHES_FOR_PAIRS, cover }),
  });
  if (options.verbose)
    console.log(`seed ${seed}:\n${made.caches.map(({ query }) => `  ${query.core} ${query.tail}`).join("\n")}`);
  const run = options.fronts === 1 ? made : { ...made, fronts: options.fronts };
  return options.invalidate ? invalidating(run) : run;
}

/** All in mode invalidate that are not written to a table. */
function invalidating(made: OracleCase): OracleCase {
  return {
    ...made,
    caches: made.caches.map((cache) => (cache.writeTo === null ? { ...cache, mode: "invalidate" } : cache)),
  };
}

process.exitCode = await main();
