import process from "node:process";
import { parseArgs } from "node:util";
import { now, random } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import fc from "fast-check";
import pg from "pg";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { hostileRound, residentBytes, untilGone } from "./live.ts";
import { fuzzTargets } from "./targets.ts";

const RUNS = 2000;
const LIVE_ROUNDS = 3;
/** What hostile clients may add to the program's memory for good. */
const MAX_GROWTH = 256 * 1024 ** 2;

/** `npm run fuzz -- --minutes 5 [--seed N]`: hostile input to everything that reads from strangers, until the time is over. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" }, seed: { type: "string" } } });
  const until = now() + Number(values.minutes) * 60_000;
  let seed = Number(values.seed ?? Math.floor(random() * 1_000_000));
  const postgres = await startPostgres();
  const freshet = await FreshetProcess.start({
    upstream: postgres,
    instance: "freshet_fuzz",
    flags: ["--log-level", "error"],
  });
  const upstream = new pg.Client({ connectionString: postgres.url });
  try {
    await upstream.connect();
    await hostileRound(freshet.connection, seed);
    const before = await residentBytes(freshet.adminUrl);
    let runs = 0;
    for (; now() < until; seed += 1) {
      for (const { name, property } of fuzzTargets) {
        const result = fc.check(property, { seed, numRuns: RUNS });
        runs += result.numRuns;
        if (!result.failed) continue;
        console.log(`${name}, seed ${seed}: ${await fc.asyncDefaultReportMessage(result)}`);
        return 1;
      }
      for (let round = 0; round < LIVE_ROUNDS; round++) {
        await hostileRound(freshet.connection, seed * LIVE_ROUNDS + round);
        await untilGone(upstream);
      }
    }
    const growth = (await residentBytes(freshet.adminUrl)) - before;
    console.log(
      `${runs} runs up to seed ${seed - 1}; the program's memory grew by ${(growth / 1024 ** 2).toFixed(0)} MB`,
    );
    if (!freshet.running || growth > MAX_GROWTH) {
      console.log(`the program ${freshet.running ? "has grown too much" : `has ended:\n${freshet.output}`}`);
      return 1;
    }
    return 0;
  } finally {
    await upstream.end();
    await freshet.terminate();
    await freshet.remove();
    await postgres.stop();
  }
}

process.exitCode = await main();
