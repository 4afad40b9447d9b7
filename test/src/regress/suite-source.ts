import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { documentPath } from "../docs/documents.ts";

const run = promisify(execFile);
const sourceLists = "/etc/apt/sources.list.d";
const timeoutMs = 180_000;
const pipelineTest = "modules/libpq_pipeline/libpq_pipeline.c";

/** PostgreSQL 15 as Debian installs it: server and psql in one folder. */
export const programFolder = "/usr/lib/postgresql/15/bin";

/** The folder with sql/, expected/, data/ and parallel_schedule of one PostgreSQL 15 release. */
export interface SuiteSource {
  readonly folder: string;
  readonly version: string;
}

/** Why the suite cannot run on this machine; undefined where it can. */
export function whyNoSuite(): string | undefined {
  if (!existsSync(path.join(programFolder, "psql"))) return `there is no PostgreSQL 15 in ${programFolder}`;
  if (!existsSync("/usr/bin/apt-get")) return "there is no apt-get to fetch PostgreSQL's source with";
  if (!existsSync(path.join(sourceLists, "debian.sources"))) return "apt-get knows no Debian archive";
  return undefined;
}

/**
 * PostgreSQL's regression suite of the installed server's release, from Debian's source package. It is fetched once into a folder
 * that git ignores; apt-get checks the archive's signature and checksums, and the unpacked archive's own checksum is kept beside it.
 */
export async function regressionSuite(): Promise<SuiteSource> {
  const version = await packageVersion();
  const cache = documentPath(".tmp/regress");
  const folder = path.join(cache, `postgresql-${version.replaceAll(/[^\w.]/g, "_")}`);
  const wanted = ["sha256", pipelineTest].map((name) => path.join(folder, name));
  if (!wanted.every((name) => existsSync(name))) await fetchInto(cache, folder, version);
  await assertUnchanged(folder);
  return { folder: path.join(folder, "regress"), version };
}

/** The source of libpq's own test of its pipeline mode. */
export async function pipelineTestSource(): Promise<string> {
  const { folder } = await regressionSuite();
  return path.join(folder, "..", pipelineTest);
}

async function packageVersion(): Promise<string> {
  const { stdout } = await run("dpkg-query", ["-W", "-f", "${Version}", "postgresql-15"]);
  return stdout.trim();
}

async function fetchInto(cache: string, folder: string, version: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(path.join(tmpdir(), "freshet-regress-source-"));
  try {
    await download(work, version);
    const unpacked = await mkdtemp(path.join(cache, "unpacking-"));
    await chmod(unpacked, 0o755);
    const archive = (await readdir(work)).find((name) => name.includes(".orig.tar."));
    if (archive === undefined) throw new Error(`apt-get fetched no source archive of postgresql-15 ${version}`);
    const parts = ["--strip-components=3", "--wildcards", "*/src/test/regress", `*/src/test/${pipelineTest}`];
    await run("tar", ["-x", "-f", path.join(work, archive), "-C", unpacked, ...parts], { timeout: timeoutMs });
    await writeFile(path.join(unpacked, "sha256"), await checksum(path.join(unpacked, "regress")));
    await rm(folder, { recursive: true, force: true });
    await rename(unpacked, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The machine's own Debian archives, asked for sources, with apt-get's state in a folder of our own. */
async function download(work: string, version: string): Promise<void> {
  const state = path.join(work, "apt");
  for (const name of ["sources", "lists/partial", "cache/archives/partial"])
    await mkdir(path.join(state, name), { recursive: true });
  const binaries = await readFile(path.join(sourceLists, "debian.sources"), "utf8");
  await writeFile(path.join(state, "sources/debian.sources"), binaries.replaceAll(/^Types:.*$/gm, "Types: deb-src"));
  const options = [
    "Dir::Etc::sourcelist=/dev/null",
    `Dir::Etc::sourceparts=${state}/sources`,
    `Dir::State::lists=${state}/lists`,
    `Dir::Cache=${state}/cache`,
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
  await run("apt-get", [...options, "update"], { timeout: timeoutMs });
  const wanted = ["source", "--download-only", `postgresql-15=${version}`];
  await run("apt-get", [...options, ...wanted], { cwd: work, timeout: timeoutMs });
}

async function assertUnchanged(folder: string): Promise<void> {
  const [kept, found] = [
    await readFile(path.join(folder, "sha256"), "utf8"),
    await checksum(path.join(folder, "regress")),
  ];
  if (kept !== found) throw new Error(`${folder} was changed after it was fetched: remove it, and it is fetched again`);
}

/** One checksum of the names and contents of all files below a folder. */
async function checksum(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of files.toSorted()) hash.update(`${path.relative(folder, file)}\0`).update(await readFile(file));
  return `${hash.digest("hex")}\n`;
}
