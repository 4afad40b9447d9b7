import { type Memory, memoryOf } from "./process-usage.ts";

const INTERVAL_MS = 200;

/** Keeps the highest memory use of a process that may be restarted meanwhile. */
export class MemoryWatch {
  readonly #pid: () => number;
  readonly #timer: NodeJS.Timeout;
  #peak: Memory = { residentBytes: 0, anonymousBytes: 0 };

  constructor(pid: () => number) {
    this.#pid = pid;
    this.#timer = setInterval(() => {
      // Between two runs of the process there is nothing to see; the next look finds it again.
      this.#look().catch(() => undefined);
    }, INTERVAL_MS);
  }

  /** The peak since the last call. */
  async takePeak(): Promise<Memory> {
    await this.#look();
    const peak = this.#peak;
    this.#peak = { residentBytes: 0, anonymousBytes: 0 };
    return peak;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { residentBytes, anonymousBytes } = await memoryOf(this.#pid());
    this.#peak = {
      residentBytes: Math.max(this.#peak.residentBytes, residentBytes),
      anonymousBytes: Math.max(this.#peak.anonymousBytes, anonymousBytes),
    };
  }
}
