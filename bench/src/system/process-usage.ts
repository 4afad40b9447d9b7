import { readFile, readdir } from "node:fs/promises";

/** USER_HZ: Linux reports CPU time to user space in this unit on every architecture. */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly parent: number;
  /** CPU time of the process and of its children that have ended, in ticks. */
  readonly ticks: number;
}

/** CPU time in microseconds that the process and all its descendants, living and reaped, have used so far. */
export async function cpuMicroseconds(root: number): Promise<number> {
  const stats = new Map<number, ProcessStat>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readStat(Number(name));
    if (stat !== null) stats.set(Number(name), stat);
  }
  const own = stats.get(root);
  if (own === undefined) throw new Error(`process ${root} does not run`);
  let ticks = own.ticks;
  for (const [pid, stat] of stats) if (pid !== root && descends(stats, pid, root)) ticks += stat.ticks;
  return (ticks / TICKS_PER_SECOND) * 1_000_000;
}

function descends(stats: ReadonlyMap<number, ProcessStat>, pid: number, root: number): boolean {
  for (let at = stats.get(pid)?.parent; at !== undefined && at > 0; at = stats.get(at)?.parent) {
    if (at === root) return true;
  }
  return false;
}

/** Null when the process has ended. */
async function readStat(pid: number): Promise<ProcessStat | null> {
  const text = await readProc(pid, "stat");
  if (text === null) return null;
  // The name, in parentheses, may hold anything; the fields after it are fixed: state, ppid, …
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
  return { parent: Number(fields[1]), ticks: (utime ?? 0) + (stime ?? 0) + (cutime ?? 0) + (cstime ?? 0) };
}

export interface Memory {
  readonly residentBytes: number;
  /** Heaps and buffers; the rest is mapped files, which the system can drop: above all LMDB's. */
  readonly anonymousBytes: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const status = await readProc(pid, "status");
  if (status === null) throw new Error(`process ${pid} does not run`);
  const bytes = (name: string): number => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status);
    if (match === null) throw new Error(`process ${pid} has ended`);
    return Number(match[1]) * 1024;
  };
  return { residentBytes: bytes("VmRSS"), anonymousBytes: bytes("RssAnon") };
}

async function readProc(pid: number, file: string): Promise<string | null> {
  try {
    return await readFile(`/proc/${pid}/${file}`, "utf8");
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw thrown;
  }
}
