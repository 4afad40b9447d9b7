import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { documentPath, readDocument } from "../docs/documents.ts";
import { regressPage } from "./regress-page.ts";
import { type SuiteResult, runSuite } from "./run-suite.ts";
import { whyNoSuite } from "./suite-source.ts";

/** `npm run regress -- [--only "copy,portals"] [--mode plain|offer|both] [--offer-seconds 60] [--write]`: PostgreSQL's own regression suite, directly and through Freshet. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      mode: { type: "string", default: "plain" },
      "offer-seconds": { type: "string", default: "60" },
      write: { type: "boolean", default: false },
    },
  });
  const obstacle = whyNoSuite();
  if (obstacle !== undefined) throw new Error(`the regression suite cannot run here: ${obstacle}`);
  const files = values.only === "" ? undefined : values.only.split(",");
  const folder = documentPath(".tmp/regress/results");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  let different = 0;
  const run = (offer: boolean): Promise<SuiteResult> =>
    runSuite({
      ...(files === undefined ? {} : { files }),
      ...(offer ? { offerBudgetMs: Number(values["offer-seconds"]) * 1000 } : {}),
      log: (line) => console.log(line),
      async finished({ file, direct, proxied, equal, offers }) {
        const told = (offers?.all ?? []).map((offer) => JSON.stringify(offer));
        if (offers !== undefined) await writeFile(path.join(folder, `${file}.offers`), told.join("\n"));
        if (equal) return;
        different += 1;
        const name = path.join(folder, `${offer ? "offered" : "plain"}-${file}`);
        await writeFile(`${name}.direct.out`, direct);
        await writeFile(`${name}.freshet.out`, proxied);
      },
    });
  const plain = values.mode === "offer" ? undefined : await run(false);
  const offered = values.mode === "plain" ? undefined : await run(true);
  if (different > 0) console.log(`the outputs that differ are in ${folder}`);
  if (values.write) {
    const page = regressPage(await readDocument("docs/regression-suite.md"), plain, offered);
    await writeFile(documentPath("docs/regression-suite.md"), page);
  }
  return different === 0 ? 0 : 1;
}

process.exitCode = await main();
