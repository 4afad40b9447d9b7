/**
 * The messages between two Syncs (or simple Queries): PostgreSQL runs them as one implicit
 * transaction and, after an error, skips the rest.
 */
export class Segment {
  /** Something of it went upstream, so its Sync must follow. */
  forwarded = false;
  /** Something of it went upstream that may write, open a transaction or change the session. */
  impure = false;
  /** An error ended it: everything up to Sync is skipped. */
  failed = false;
}
