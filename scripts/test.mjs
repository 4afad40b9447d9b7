// `npm test`: sets up like `npm start`, then runs every test. Arguments after `npm test --` are vitest's.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { setUp } from "./setup.mjs";

setUp();

const reporters = ["--reporter=default", "--reporter=./scripts/closing-line-reporter.mjs"];
const args = ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...process.argv.slice(2)];
const { status, signal, error } = spawnSync(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
if (error !== undefined) throw error;
process.exitCode = signal === null ? (status ?? 1) : 1;
