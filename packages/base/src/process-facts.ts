import process from "node:process";

/** Bytes by what they are used for. */
export function memoryUsage(): Readonly<Record<string, number>> {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { rss, heap_total: heapTotal, heap_used: heapUsed, external, array_buffers: arrayBuffers };
}

/** The operating system's number of this process. */
export function processId(): number {
  return process.pid;
}

/** Asks this process to stop, as SIGTERM does. */
export function requestStop(): void {
  process.kill(process.pid, "SIGTERM");
}
