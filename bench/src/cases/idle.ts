import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sleep } from "@freshet/base";
import type { Bench } from "../bench.ts";
import { IdleClients, mostClients } from "../load/idle-clients.ts";
import { Freshet } from "../system/freshet.ts";
import { memoryOf } from "../system/process-usage.ts";

export interface IdleRun {
  readonly clients: number;
  readonly residentBytes: number;
  /** Resident bytes more than with a handful of clients, for each of those beyond. */
  readonly bytesPerClient: number;
}

/** Clients of a pool in mode transaction that are connected, have run a statement, and do nothing. */
export interface IdleResult {
  readonly runs: readonly IdleRun[];
}

const CLIENTS = [1000, 10_000];
/** Those that the figures do not count: with them everything is there that all share. */
const FIRST_CLIENTS = 50;
/** Until memory that was only needed for logins has been given back. */
const SETTLE_MS = 2000;

export async function measureIdle(bench: Bench): Promise<IdleResult> {
  const most = await mostClients();
  const sizes = bench.options.quick ? [200] : CLIENTS.filter((clients) => clients <= most);
  const { upstream } = bench;
  const freshet = await bench.resources.start(() =>
    Freshet.start(upstream, "bench_idle", (folder) => pooled(folder, upstream.user, upstream.password)),
  );
  const clients = new IdleClients(freshet);
  try {
    await clients.grow(FIRST_CLIENTS);
    await sleep(bench.options.quick ? 10 : SETTLE_MS);
    const before = (await memoryOf(freshet.pid)).residentBytes;
    const runs: IdleRun[] = [];
    for (const size of sizes) {
      bench.log(`idle: ${size} clients ...`);
      await clients.grow(size);
      await clients.use();
      await sleep(bench.options.quick ? 10 : SETTLE_MS);
      const { residentBytes } = await memoryOf(freshet.pid);
      runs.push({ clients: size, residentBytes, bytesPerClient: (residentBytes - before) / (size - FIRST_CLIENTS) });
      clients.check();
    }
    return { runs };
  } finally {
    clients.close();
    await freshet.stop();
  }
}

/** Options of a Freshet whose clients share connections; they are trusted, so that their logins take no time. */
async function pooled(folder: string, user: string, password: string): Promise<readonly string[]> {
  const pools = join(folder, "pools.toml");
  const users = join(folder, "users.txt");
  await writeFile(pools, 'pool_mode = "transaction"\nmax_client_conn = 20000\n');
  await writeFile(users, `"${user}" "${password}"\n`);
  return ["--pools", pools, "--auth-type", "trust", "--auth-file", users, "--max-connections", "20000"];
}
