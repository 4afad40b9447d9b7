// Checks the direction of imports, and that the checker saw every source file: it passes silently when it sees none.
import { readdirSync } from "node:fs";
import process from "node:process";
import { cruise } from "dependency-cruiser";
import extractOptions from "dependency-cruiser/config-utl/extract-depcruise-options";

const roots = ["packages", "replicator", "engine", "proxy", "bench", "test"];
const options = await extractOptions("./.dependency-cruiser.cjs");
const { output } = await cruise(roots, { ...options, outputType: "json" });
const { modules, summary } = JSON.parse(output);

for (const { from, to, rule, comment } of summary.violations) {
  console.error(`${rule.name}: ${from} -> ${to}${comment === undefined ? "" : ` (${comment})`}`);
}
const seen = modules.filter(({ source }) => /\/src\/.*\.ts$/.test(source)).length;
const present = roots.flatMap((root) => sourceFiles(root)).length;
console.log(`${seen} of ${present} source files, ${summary.violations.length} violations`);
if (summary.violations.length > 0 || seen < present || seen === 0) process.exitCode = 1;

function sourceFiles(root) {
  return readdirSync(root, { recursive: true })
    .map(String)
    .filter((name) => /(^|\/)src\/.*\.ts$/.test(name) && !/(^|\/)(node_modules|dist)\//.test(name));
}
