/** Built-ins that give other results before a major version (`server_version_num`), by C symbol. */
const CHANGED: ReadonlyMap<string, number> = new Map([
  // The scale of integer powers.
  ["numeric_power", 160_000],
  // Overflow where the bounds are far apart.
  ["width_bucket_float8", 160_000],
]);

/** Whether the server is older than the version whose results of this function are known. */
export function isOutdated(symbol: string, serverVersion: number): boolean {
  return serverVersion < (CHANGED.get(symbol) ?? 0);
}

/** Whether intervals may be infinite; before, what looks so is the largest or the smallest one. */
export function hasInfiniteIntervals(serverVersion: number): boolean {
  return serverVersion >= 170_000;
}
