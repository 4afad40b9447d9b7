/**
 * The messages between two Syncs (or simple Queries): PostgreSQL runs them as one implicit
 * transaction and, after an error, skips the rest.
 */
export class Segment {
  /** Something of it went upstream, so its Sync must follow. */
  forwarded = false;
  /** Something of it went upstream that may write, open a transaction or change the session. */
  impure = false;
  /** Copy data went upstream before it was known whether the upstream copies: if it does, a Sync behind them ends the segment before. */
  copied = false;
  /** An error ended it: everything up to Sync is skipped. */
  failed = false;
}
