export type FailureKind =
  /** Freshet's answer is not PostgreSQL's. */
  | "answer"
  /** The write-back table is not what the query says. */
  | "write-back"
  /** A hit that shows an older state than what was already applied. */
  | "stale"
  /** The answer came from PostgreSQL, for no reason that the test knows to be right. */
  | "miss"
  /** CREATE CACHE failed in another way than by refusing the query. */
  | "create"
  /** Freshet did not catch up, or ended. */
  | "barrier"
  | "crash";

/** What the oracle found to be wrong. */
export class OracleFailure extends Error {
  override readonly name = "OracleFailure";
  readonly kind: FailureKind;
  /** The cache concerned. */
  readonly cache: string | undefined;

  constructor(kind: FailureKind, message: string, cache?: string) {
    super(message);
    this.kind = kind;
    this.cache = cache;
  }
}
