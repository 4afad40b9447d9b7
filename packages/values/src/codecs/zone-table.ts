/** The offsets of one time zone between two moments, as the server itself gave them. All in seconds; moments since 2000-01-01 UTC. */
export interface TimeZoneTable {
  readonly timeZone: string;
  readonly begin: number;
  /** Exclusive. */
  readonly end: number;
  /** When each offset begins, ascending; the first is `begin`. */
  readonly moments: readonly number[];
  /** Seconds east of UTC. */
  readonly offsets: readonly number[];
}

const SECONDS_PER_DAY = 86_400;

/** The place in the table of the offset that holds at a moment within it. */
function placeOf(table: TimeZoneTable, moment: number): number {
  let [low, high] = [0, table.moments.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((table.moments[middle] ?? Infinity) <= moment) low = middle;
    else high = middle;
  }
  return low;
}

/** Seconds east of UTC at a moment; undefined outside the table. */
export function zoneOffsetAt(table: TimeZoneTable, moment: number): number | undefined {
  if (moment < table.begin || moment >= table.end) return undefined;
  return table.offsets[placeOf(table, moment)];
}

/**
 * Seconds east of UTC that PostgreSQL takes for a local time (DetermineTimeZoneOffset): of the first change of offset behind the day before, the one
 * before or behind it. A local time that the clock leaves out is read by the offset before the change, one that it shows twice by that behind it.
 */
export function zoneOffsetOfLocal(table: TimeZoneTable, local: number): number | undefined {
  const dayBefore = local - SECONDS_PER_DAY;
  // Changes as far behind as a local time can be from UTC must be known.
  if (dayBefore < table.begin || local + 2 * SECONDS_PER_DAY >= table.end) return undefined;
  const place = placeOf(table, dayBefore);
  const [before, after] = [table.offsets[place], table.offsets[place + 1]];
  const boundary = table.moments[place + 1];
  if (before === undefined || after === undefined || boundary === undefined) return before;
  const [ofBefore, ofAfter] = [local - before, local - after];
  if (ofBefore < boundary && ofAfter < boundary) return before;
  if (ofBefore > boundary && ofAfter >= boundary) return after;
  return ofBefore > ofAfter ? before : after;
}
