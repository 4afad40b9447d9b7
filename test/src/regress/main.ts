import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { documentPath } from "../docs/documents.ts";
import { regressPage } from "./regress-page.ts";
import { runSuite } from "./run-suite.ts";
import { whyNoSuite } from "./suite-source.ts";

/** `npm run regress -- [--only "copy,portals"] [--mode plain|offer|both] [--write]`: PostgreSQL's own regression suite, directly and through Freshet. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      mode: { type: "string", default: "plain" },
      write: { type: "boolean", default: false },
    },
  });
  const obstacle = whyNoSuite();
  if (obstacle !== undefined) throw new Error(`the regression suite cannot run here: ${obstacle}`);
  const files = values.only === "" ? undefined : values.only.split(",");
  const run = { ...(files === undefined ? {} : { files }), log: (line: string) => console.log(line) };
  const plain = values.mode === "offer" ? undefined : await runSuite({ ...run, offer: false });
  const offered = values.mode === "plain" ? undefined : await runSuite({ ...run, offer: true });
  const folder = documentPath(".tmp/regress/results");
  await mkdir(folder, { recursive: true });
  let different = 0;
  for (const [mode, result] of Object.entries({ plain, offered })) {
    for (const { file, direct, proxied, equal } of result?.outcomes ?? []) {
      if (equal) continue;
      different += 1;
      await writeFile(path.join(folder, `${mode}-${file}.direct.out`), direct);
      await writeFile(path.join(folder, `${mode}-${file}.freshet.out`), proxied);
    }
  }
  if (different > 0) console.log(`the outputs that differ are in ${folder}`);
  if (values.write) await writeFile(documentPath("docs/regression-suite.md"), regressPage(plain, offered));
  return different === 0 ? 0 : 1;
}

process.exitCode = await main();
