/** The three fields that PostgreSQL keeps apart; each has a sign of its own. */
export interface Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}
