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
  if (!isInstalled()) install();
  run("building", process.execPath, [compiler, "-b"]);
  run("bundling", process.execPath, ["scripts/bundle.mjs"]);
}

/** Registries that lack packages for other platforms make `npm ci` refuse the lock file; `npm install` keeps to it. */
function install() {
  const quietly = ["--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  if (!run("installing packages", "npm", ["ci", ...quietly], true)) {
    run("installing packages (second way)", "npm", ["install", "--no-save", ...quietly]);
  }
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

/** Runs a program and shows its output. Its failure ends this one, unless it may fail: then the answer is false. */
function run(what, command, args, mayFail = false) {
  console.error(`freshet: ${what} ...`);
  const { status, signal, error } = spawnSync(command, args, { stdio: ["ignore", 2, 2] });
  if (error !== undefined) throw error;
  if (status === 0) return true;
  if (mayFail && signal === null) return false;
  console.error(`freshet: ${what} failed`);
  process.exit(status ?? 1);
}
