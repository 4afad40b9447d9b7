import process from "node:process";
import { parseArgs } from "node:util";
import { now } from "@freshet/base";
import { describeFailure, keepRegression } from "./regression-files.ts";
import { startOracleServer } from "./oracle-server.ts";
import { randomCase } from "./random-case.ts";
import type { OracleCase } from "./oracle-case.ts";
import { knownFeatures } from "./grammar/features.ts";
import { runCase } from "./run-case.ts";
import { shrink } from "./shrink.ts";
import { list, OracleStatistics } from "./statistics.ts";

/** `npm run oracle -- --steps 50000 [--seed N] [--per-seed 100] [--favour "HAVING,FILTER"] [--mode invalidate]`: the oracle by hand, with new seeds until the steps are done. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      steps: { type: "string", default: "2000" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
      "per-seed": { type: "string", default: "100" },
      favour: { type: "string", default: "" },
      mode: { type: "string", default: "auto" },
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
  const server = await startOracleServer();
  const total = new OracleStatistics();
  let failures = 0;
  const began = now();
  try {
    for (let seed = firstSeed; total.steps < steps; seed += 1) {
      const made = randomCase(seed, { steps: Math.max(1, Math.min(perSeed, steps - total.steps)), favoured });
      const oracleCase = values.mode === "invalidate" ? invalidating(made) : made;
      if (values.verbose)
        console.log(
          `seed ${seed}:\n${oracleCase.caches.map((cache) => `  ${cache.query.core} ${cache.query.tail}`).join("\n")}`,
        );
      const result = await runCase(server, oracleCase);
      total.add(result.statistics);
      console.log(`${((now() - began) / 1000).toFixed(0)} s, seed ${seed}: ${result.statistics.summary()}`);
      if (result.failure === undefined) continue;
      failures += 1;
      console.log(describeFailure(oracleCase, result));
      if (values.shrink) console.log(await keepRegression(await shrink(server, oracleCase, result)));
      if (!values["keep-going"]) break;
      // A failed seed must not be run forever.
      total.transactions += Math.max(0, perSeed - result.statistics.steps);
    }
  } finally {
    await server.stop();
  }
  console.log(`in all: ${total.summary()}\nrefused: ${list(total.refused)}\n${total.coverage(knownFeatures())}`);
  return failures === 0 ? 0 : 1;
}

/** All in mode invalidate that are not written to a table. */
function invalidating(made: OracleCase): OracleCase {
  return {
    ...made,
    caches: made.caches.map((cache) => (cache.writeTo === null ? { ...cache, mode: "invalidate" } : cache)),
  };
}

process.exitCode = await main();
