import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { withClient } from "@freshet/postgres";
import { afterAll, expect, test } from "vitest";

/** What `npm start` runs once everything is built. */
const demo = fileURLToPath(new URL("../../proxy/dist/demo.js", import.meta.url));

const folder = mkdtempSync(path.join(tmpdir(), "freshet-demo-"));
// PostgreSQL runs as another user when this one is root.
chmodSync(folder, 0o755);
let running: ChildProcess | undefined;

afterAll(() => {
  running?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

interface Demo {
  readonly child: ChildProcess;
  readonly output: string;
  /** The connection string that it printed. */
  readonly url: URL;
}

function startDemo(): Promise<Demo> {
  const args = [demo, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  running = child;
  let output = "";
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      output += chunk.toString();
      const url = /connection string +(\S+)/.exec(output)?.[1];
      if (url !== undefined && output.includes("Ctrl-C")) resolve({ child, output, url: new URL(url) });
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    child.once("exit", () => reject(new Error(`the demo ended before it was ready:\n${output}`)));
  });
}

async function stopDemo(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  const exit = once(child, "exit");
  child.kill(signal);
  const [code] = await exit;
  running = undefined;
  return code;
}

function countOrders(url: URL): Promise<string | undefined> {
  const { hostname: host, port, username: user, password } = url;
  const connection = { host, port: Number(port), user, password, database: url.pathname.slice(1) };
  return withClient(connection, async (client) => {
    const result = await client.query<{ count: string }>("SELECT count(*) FROM orders");
    return result.rows[0]?.count;
  });
}

test("the demo shop answers through the proxy, and everything ends and starts again cleanly", async () => {
  const first = await startDemo();
  expect(first.output).toContain("Loading the demo shop");
  expect(await countOrders(first.url)).toBe("100000");
  const pidFile = path.join(folder, ".freshet/demo-postgres/data/postmaster.pid");
  const serverPid = Number(readFileSync(pidFile, "utf8").split("\n")[0]);
  expect(await stopDemo(first.child, "SIGINT")).toBe(0);
  expect(existsSync(pidFile)).toBe(false);
  expect(() => process.kill(serverPid, 0)).toThrow(/ESRCH/);

  const second = await startDemo();
  expect(second.output).not.toContain("Loading the demo shop");
  expect(await countOrders(second.url)).toBe("100000");
  expect(await stopDemo(second.child, "SIGTERM")).toBe(0);
  expect(existsSync(pidFile)).toBe(false);
});
