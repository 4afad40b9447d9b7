import { readFile } from "node:fs/promises";

export interface Stolen {
  /** Share (0 to 1) of the processors' time that the hypervisor gave to other machines meanwhile; 0 where there is none. */
  readonly stolenShare: number;
}

/** Runs `work`, and tells how much of the machine was missing while it ran. */
export async function withStolenShare<T extends object>(work: () => Promise<T>): Promise<T & Stolen> {
  const before = await processorTime();
  const result = await work();
  const after = await processorTime();
  const all = after.all - before.all;
  return { ...result, stolenShare: all === 0 ? 0 : (after.stolen - before.stolen) / all };
}

/** Ticks since the machine was started: user, nice, system, idle, iowait, irq, softirq, steal (proc(5)). */
async function processorTime(): Promise<{ readonly all: number; readonly stolen: number }> {
  const line = /^cpu +(.*)$/m.exec(await readFile("/proc/stat", "utf8"));
  const fields = (line?.[1] ?? "").split(" ").slice(0, 8).map(Number);
  return { all: fields.reduce((sum, ticks) => sum + ticks, 0), stolen: fields[7] ?? 0 };
}
