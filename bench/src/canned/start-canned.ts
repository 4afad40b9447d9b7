import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { environment } from "@freshet/base";
import { type Connection, freePort } from "@freshet/postgres";
import { Child } from "../system/child.ts";

const program = fileURLToPath(new URL("canned-server.js", import.meta.url));

export interface CannedServer extends Connection {
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startCanned(): Promise<CannedServer> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-bench-canned-"));
  const port = await freePort();
  const log = join(folder, "canned.log");
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const args = [program, String(port)];
    const child = await Child.start({ command: process.execPath, args, log, environment: environment() });
    const listens = async (): Promise<boolean> => (await readFile(log, "utf8")).includes("listening");
    await child.until(listens, "the canned server was to listen", 10_000);
    const stop = async (): Promise<void> => {
      await child.stop();
      await remove();
    };
    return { host: "127.0.0.1", port, user: "bench", password: "", database: "bench", pid: child.pid, stop };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}
