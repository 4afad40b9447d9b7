// `npm run check`: everything that can be said about the code without running it. All checks run; one failure fails.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { setUp } from "./setup.mjs";

setUp();

const checks = [
  { name: "format", command: "node_modules/.bin/oxfmt", args: ["--check"] },
  { name: "lint", command: "node_modules/.bin/oxlint", args: [] },
  { name: "dead code", command: "node_modules/.bin/knip", args: [] },
  { name: "imports", command: process.execPath, args: ["scripts/check-imports.mjs"] },
];

const failed = [];
for (const { name, command, args } of checks) {
  console.log(`== ${name}`);
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) console.error(error.message);
  if (status !== 0) failed.push(name);
}
console.log(failed.length === 0 ? "all checks passed" : `failed: ${failed.join(", ")}`);
if (failed.length > 0) process.exitCode = 1;
