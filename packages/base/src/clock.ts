/** Milliseconds since some fixed moment; never goes back. For durations and deadlines. */
export function now(): number {
  return performance.now();
}

/** Milliseconds since 1970-01-01 UTC by the system's clock, which may be set back. For what people read. */
export function wallTime(): number {
  return Date.now();
}

/** `time` (milliseconds since 1970) as ISO 8601 in UTC. */
export function isoTime(time: number = wallTime()): string {
  return new Date(time).toISOString();
}
