import { readFileSync } from "node:fs";
import { must } from "@freshet/base";
import type { FreshetProcess } from "../harness/freshet-process.ts";
import { TextClient, until } from "./support.ts";

/** The process id of the front that serves this client. */
export async function processOf(client: TextClient): Promise<number> {
  const rows = await client.rows("SHOW FRESHET STATUS");
  return Number(must(rows.find(([name]) => name === "process"))[1]);
}

/** One client of each of so many processes that serve; `user`: with itself as its password. */
export async function clientOfEach(
  freshet: FreshetProcess,
  fronts: number,
  user?: string,
): Promise<readonly TextClient[]> {
  const clients = new Map<number, TextClient>();
  const rest: TextClient[] = [];
  const connection = user === undefined ? freshet.connection : { ...freshet.connection, user, password: user };
  await until("each front has taken a client", async () => {
    const client = await TextClient.connect(connection);
    const pid = await processOf(client);
    if (clients.has(pid)) rest.push(client);
    else clients.set(pid, client);
    return clients.size === fronts ? true : undefined;
  });
  await Promise.all(rest.map((client) => client.end()));
  return [...clients.values()];
}

/** Of the processes of one start the one that has the caches: it is started first. */
export function coreAmong(pids: readonly number[]): number {
  return must([...pids].sort((one, other) => startOf(one) - startOf(other))[0]);
}

export function parentOf(pid: number): number {
  return fieldOf(pid, 2);
}

/** Those of its children that still run. */
export function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
  return children
    .split(" ")
    .filter((child) => child !== "")
    .map(Number);
}

/** When the process was started, in the kernel's ticks; one that has ended meanwhile counts as the last. */
function startOf(pid: number): number {
  try {
    return fieldOf(pid, 20);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Of /proc/PID/stat, counted behind the name, which may hold anything. */
function fieldOf(pid: number, place: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(must(stat.slice(stat.lastIndexOf(")")).split(" ")[place]));
}
