import { writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { startOracleServer } from "../oracle/oracle-server.ts";
import { documentPath } from "../docs/documents.ts";
import { nexmark } from "./nexmark.ts";
import { runWorkload } from "./run-workload.ts";
import { socialNews } from "./social-news.ts";
import { tpch } from "./tpch/tpch.ts";
import { type WorkloadResult, workloadsPage } from "./workloads-page.ts";

/** `npm run workloads -- [--scale 0.01] [--transactions 40] [--workload tpch] [--only Q1] [--write]`: caches whole workloads and compares. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      scale: { type: "string", default: "0.01" },
      transactions: { type: "string", default: "40" },
      "cost-transactions": { type: "string", default: "100" },
      workload: { type: "string", default: "" },
      only: { type: "string", default: "" },
      write: { type: "boolean", default: false },
    },
  });
  const chosen = { tpch, nexmark, social: socialNews };
  const names = values.workload === "" ? (Object.keys(chosen) as (keyof typeof chosen)[]) : [values.workload];
  const server = await startOracleServer();
  const results: WorkloadResult[] = [];
  try {
    for (const name of names) {
      const workload = chosen[name as keyof typeof chosen];
      if (workload === undefined)
        throw new RangeError(`no workload ${name}; there are ${Object.keys(chosen).join(", ")}`);
      const run = {
        scale: Number(values.scale) * (name === "tpch" ? 1 : 10),
        transactions: Number(values.transactions),
        costTransactions: Number(values["cost-transactions"]),
        only: values.only,
        log: (line: string) => console.log(`${name} ${line}`),
      };
      results.push({ workload, run, outcomes: await runWorkload(server, workload, run) });
    }
  } finally {
    await server.stop();
  }
  const page = workloadsPage(results);
  if (values.write) await writeFile(documentPath("docs/workloads.md"), page);
  console.log(page);
  return results.some(({ outcomes }) => outcomes.some(({ wrong }) => wrong !== undefined)) ? 1 : 0;
}

process.exitCode = await main();
