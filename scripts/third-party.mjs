// What only the benchmark uses (bench/third-party): other engines to measure against, and what draws its pictures.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../bench/third-party", import.meta.url));
const modules = path.join(folder, "node_modules");
const stamp = path.join(modules, ".installed");

/**
 * Rocicorp's ZQL comes within Zero, whose 46 dependencies want Node 22 and a native build, and none of which the engine's
 * own files need but two: only the package itself is taken.
 */
const zero = {
  name: "@rocicorp/zero",
  version: "1.9.0",
  integrity: "sha512-2huSS0rHOEfzjPP5K7SrndBuJfchhBCW3VHiSnPhTpmtH9ivvA44jqbBygCN9/d44pP9T2dzNxghiYiIWGMn5A==",
};

/** Installs it unless it is there. The benchmark runs without it, too, and says what is missing. */
export function installThirdParty() {
  const wanted = createHash("sha256")
    .update(readFileSync(path.join(folder, "package-lock.json")))
    .update(zero.integrity)
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error("freshet: installing what the benchmark compares with ...");
  const flags = ["--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error"];
  if (run("npm", ["ci", ...flags]) !== null && installZero()) writeFileSync(stamp, wanted);
  else console.error("freshet: not everything could be installed; the benchmark leaves out what is missing");
}

function installZero() {
  const { name, version, integrity } = zero;
  const file = run("npm", ["pack", `${name}@${version}`, "--pack-destination", modules, "--loglevel=error"])?.trim();
  if (file === undefined) return false;
  const archive = path.join(modules, file);
  const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (found !== integrity) throw new Error(`${name} ${version} is not what it was: ${found}`);
  const target = path.join(modules, name);
  mkdirSync(target, { recursive: true });
  const unpacked = run("tar", ["-xzf", archive, "--strip-components=1", "-C", target]) !== null;
  rmSync(archive);
  return unpacked;
}

/** The program's output; null when it failed, which it says itself. */
function run(command, args) {
  const { status, error, stdout } = spawnSync(command, args, { cwd: folder, stdio: ["ignore", "pipe", 2] });
  if (error !== undefined) console.error(`freshet: ${error.message}`);
  return status === 0 ? stdout.toString() : null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) installThirdParty();
