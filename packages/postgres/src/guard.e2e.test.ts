import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";

const parent = mkdtempSync(path.join(tmpdir(), "freshet-guard-"));
chmodSync(parent, 0o755);
afterAll(() => rmSync(parent, { recursive: true, force: true }));

const built = new URL("../dist/index.js", import.meta.url).href;

/** A program that starts a server in `folder`, says so, and then does what it is told. */
function program(folder: string, then: string): string {
  return `
    import { startPostgres } from ${JSON.stringify(built)};
    const server = await startPostgres({ dataDir: ${JSON.stringify(folder)} });
    console.log(server.url);
    ${then}
  `;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // One that has ended but that nobody has waited for is not running either.
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/^\d+ \(.*\) Z/.test(readFileSync(stat, "utf8"));
}

test.each([
  ["is killed", "setInterval(() => {}, 1000);", "SIGKILL"],
  ["is interrupted", "setInterval(() => {}, 1000);", "SIGINT"],
  ["throws", "process.stdin.once('data', () => { throw new Error('expected by the test'); });", undefined],
] as const)("a server and its folder go when its process %s", async (name, then, signal) => {
  const folder = path.join(parent, name.replace(" ", "-"));
  const child = spawn(process.execPath, ["--input-type=module", "-e", program(folder, then)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  await once(child.stdout, "data");
  const server = Number(readFileSync(path.join(folder, "server.pid"), "utf8"));
  expect(isRunning(server)).toBe(true);
  const exit = once(child, "exit");
  if (signal === undefined) child.stdin.write("go\n");
  else child.kill(signal);
  await exit;
  while (existsSync(folder) || isRunning(server)) await sleep(20);
  expect(existsSync(folder)).toBe(false);
});
