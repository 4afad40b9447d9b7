import type { Bench } from "../bench.ts";
import type { CaseName } from "../options.ts";
import { type Memory, memoryOf } from "../system/process-usage.ts";

export interface MemoryResult {
  /** With all caches of the benchmark, right after the start of the process or the last case. */
  readonly idle: Memory;
  /** The highest use while a case ran. */
  readonly peaks: readonly ({ readonly case: CaseName } & Memory)[];
  readonly diskBytes: number;
}

export async function measureMemory(bench: Bench, peaks: MemoryResult["peaks"]): Promise<MemoryResult> {
  await bench.cachedAccounts();
  await bench.cachedShop(bench.shop);
  return { idle: await memoryOf(bench.freshet.pid), peaks, diskBytes: await bench.freshet.diskBytes() };
}
