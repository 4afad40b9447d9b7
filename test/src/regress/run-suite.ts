import { readFile } from "node:fs/promises";
import path from "node:path";
import { now } from "@freshet/base";
import type { Offers } from "./offer-ledger.ts";
import { adminStatus } from "../faults/support.ts";
import { OfferingRelay } from "./offering-relay.ts";
import { withoutChanceOrder } from "./result-blocks.ts";
import { RegressSide } from "./regress-side.ts";
import { scheduledFiles } from "./schedule.ts";
import { regressionSuite } from "./suite-source.ts";
import { withoutFreshet, withoutReplicaIdentity } from "./without-freshet.ts";

export interface FileOutcome {
  readonly file: string;
  readonly direct: string;
  readonly proxied: string;
  readonly equal: boolean;
  readonly offers: Offers | undefined;
  readonly ms: number;
}

export interface SuiteRun {
  /** Only these files, in the schedule's order. */
  readonly files?: readonly string[];
  /** For how long each file's SELECTs are offered to CREATE CACHE before they are asked; undefined: not at all. */
  readonly offerBudgetMs?: number;
  readonly log: (line: string) => void;
  /** Told of each file when it is done. */
  readonly finished?: (outcome: FileOutcome) => Promise<void>;
}

export interface SuiteResult {
  readonly version: string;
  /** Whether all files of the schedule were run. */
  readonly whole: boolean;
  readonly outcomes: readonly FileOutcome[];
}

/** Runs the suite on two equal clusters at once, one asked directly and one through Freshet, and compares file by file. */
export async function runSuite(run: SuiteRun): Promise<SuiteResult> {
  const source = await regressionSuite();
  const schedule = scheduledFiles(await readFile(path.join(source.folder, "parallel_schedule"), "utf8"));
  const files = schedule.filter((file) => run.files?.includes(file) ?? true);
  const unknown = run.files?.filter((file) => !schedule.includes(file)) ?? [];
  if (unknown.length > 0) throw new RangeError(`the suite has no file ${unknown.join(", ")}`);
  // Few tables of the suite have a key, and a cache asks for an identity of the rows.
  const flags = run.offerBudgetMs === undefined ? [] : ["--set-replica-identity", "true"];
  const sides: RegressSide[] = [];
  let relay: OfferingRelay | undefined;
  try {
    for (const _side of ["direct", "proxied"]) sides.push(await RegressSide.start(source, flags));
    const [direct, proxied] = sides as [RegressSide, RegressSide];
    if (run.offerBudgetMs !== undefined) {
      await proxied.freshet.untilReady();
      const hits = (): Promise<number> => totalHits(proxied.freshet.adminUrl);
      relay = await OfferingRelay.start(proxied.freshet.connection, hits, run.offerBudgetMs);
    }
    const outcomes: FileOutcome[] = [];
    for (const file of files) {
      const outcome = await runFile(file, direct, proxied, relay, run.offerBudgetMs ?? 0);
      run.log(logLine(outcome));
      outcomes.push(outcome);
      await run.finished?.(outcome);
    }
    return { version: source.version, whole: run.files === undefined, outcomes };
  } finally {
    relay?.stop();
    for (const side of sides) await side.stop();
  }
}

async function runFile(
  file: string,
  direct: RegressSide,
  proxied: RegressSide,
  relay: OfferingRelay | undefined,
  offerBudgetMs: number,
): Promise<FileOutcome> {
  const began = now();
  const outputs = await Promise.all([
    direct.run(file, direct.direct, offerBudgetMs),
    proxied.run(file, relay?.connection ?? proxied.freshet.connection, offerBudgetMs),
  ]);
  const offers = await relay?.finishFile();
  const [expected, actual] = outputs
    .map(withoutFreshet)
    .map((output) => (relay === undefined ? output : withoutChanceOrder(withoutReplicaIdentity(output)))) as [
    string,
    string,
  ];
  return { file, direct: expected, proxied: actual, equal: expected === actual, offers, ms: now() - began };
}

function logLine({ file, equal, offers, ms }: FileOutcome): string {
  const offered =
    offers === undefined
      ? ""
      : `, ${offers.seen} SELECTs, ${offers.offered} offered, ${offers.cached} caches, ${offers.hits} hits`;
  return `${file}: ${equal ? "equal" : "DIFFERENT"} (${(ms / 1000).toFixed(1)} s${offered})`;
}

async function totalHits(adminUrl: string): Promise<number> {
  const { body } = await adminStatus(adminUrl, "/metrics");
  const lines = body.split("\n").filter((line) => line.startsWith("freshet_hits_total"));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
