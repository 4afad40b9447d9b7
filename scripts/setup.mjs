// What `npm start`, `npm test` and `npm run check` do first on a fresh clone: plain Node, no packages.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const compiler = "node_modules/typescript-native/bin/tsc";

/** Installs the packages that package-lock.json names unless they are there, and builds. */
export function setUp() {
  process.chdir(root);
  requireNode();
  if (!isInstalled()) run("installing packages", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  run("building", process.execPath, [compiler, "-b"]);
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 20)) return;
  throw new Error(`Freshet needs Node 20.20 or newer; this is ${process.version}`);
}

/** Whether node_modules holds what package-lock.json asks for. npm writes down what it has installed. */
function isInstalled() {
  const installedFile = "node_modules/.package-lock.json";
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedFile, "utf8")).packages;
  return Object.entries(wanted).every(([name, entry]) => {
    if (!name.startsWith("node_modules/")) return true;
    const found = installed[name];
    // Packages for other platforms are wanted but never installed.
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && found.resolved === entry.resolved;
  });
}

/** Runs a program; its output is shown, and its failure ends this one. */
function run(what, command, args) {
  console.error(`freshet: ${what} ...`);
  const { status, signal, error } = spawnSync(command, args, { stdio: ["ignore", 2, 2] });
  if (error !== undefined) throw error;
  if (signal !== null) process.exit(1);
  if (status !== 0) {
    console.error(`freshet: ${what} failed`);
    process.exit(status ?? 1);
  }
}
