import { featurePairs } from "./grammar/features.ts";

/** What a run has seen, so that a run that shows nothing can be told from one that shows all is well. */
export class OracleStatistics {
  transactions = 0;
  checks = 0;
  hits = 0;
  /** Checks that PostgreSQL answers with an error. */
  errors = 0;
  writeBackChecks = 0;
  /** Written-back tables that were not compared, for Freshet says why it cannot keep them. */
  writeBackHeld = 0;
  restarts = 0;
  accepted = 0;
  /** Of the accepted ones, those in mode invalidate. */
  invalidated = 0;
  readonly refused: Map<string, number> = new Map();
  /** How many queries with each feature, and with each pair of features, were cached. */
  readonly features: Map<string, number> = new Map();
  readonly pairs: Map<string, number> = new Map();
  /** How many queries with each pair were refused. */
  readonly refusedPairs: Map<string, number> = new Map();
  readonly misses: Map<string, number> = new Map();

  get steps(): number {
    return this.transactions + this.restarts;
  }

  get refusals(): number {
    return total(this.refused);
  }

  /** Share of the queries that could be cached. */
  get acceptedShare(): number {
    return this.accepted / Math.max(1, this.accepted + this.refusals);
  }

  /** Share of the checks without error that a cache answered. */
  get hitShare(): number {
    return this.hits / Math.max(1, this.checks - this.errors);
  }

  add(other: OracleStatistics): void {
    this.transactions += other.transactions;
    this.checks += other.checks;
    this.hits += other.hits;
    this.errors += other.errors;
    this.writeBackChecks += other.writeBackChecks;
    this.writeBackHeld += other.writeBackHeld;
    this.restarts += other.restarts;
    this.accepted += other.accepted;
    this.invalidated += other.invalidated;
    for (const [reason, times] of other.refused) count(this.refused, reason, times);
    for (const [reason, times] of other.misses) count(this.misses, reason, times);
    for (const [feature, times] of other.features) count(this.features, feature, times);
    for (const [pair, times] of other.pairs) count(this.pairs, pair, times);
    for (const [pair, times] of other.refusedPairs) count(this.refusedPairs, pair, times);
  }

  /** A query was cached. */
  accept(features: readonly string[]): void {
    this.accepted += 1;
    for (const feature of features) count(this.features, feature);
    for (const pair of featurePairs(features)) count(this.pairs, pair);
  }

  /** A query was refused, with this reason. */
  refuse(reason: string, features: readonly string[]): void {
    count(this.refused, reason);
    for (const pair of featurePairs(features)) count(this.refusedPairs, pair);
  }

  /** How often each feature was cached, how many pairs of features met in one query, and which features never did. */
  coverage(known: readonly string[]): string {
    const missing = known.filter((feature) => !this.features.has(feature));
    const possible = (known.length * (known.length - 1)) / 2;
    return [
      `features cached: ${list(this.features)}`,
      `never cached: ${missing.length === 0 ? "none" : missing.join(", ")}`,
      `pairs of features met: ${this.pairs.size} of ${possible}`,
    ].join("\n");
  }

  /** In one line. */
  summary(): string {
    const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
    return [
      `${this.steps} steps: ${this.transactions} transactions, ${this.restarts} restarts`,
      `${this.checks} answers compared (${percent(this.hitShare)} from caches, ${this.errors} errors), ${this.writeBackChecks} written-back tables (and ${this.writeBackHeld} held up)`,
      `${this.accepted} of ${this.accepted + this.refusals} queries cacheable (${percent(this.acceptedShare)}), ${this.invalidated} in mode invalidate`,
      `misses: ${list(this.misses)}`,
    ].join("; ");
  }
}

export function count(counts: Map<string, number>, key: string, times = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + times);
}

export function list(counts: ReadonlyMap<string, number>): string {
  const entries = [...counts].toSorted(([, left], [, right]) => right - left);
  return entries.length === 0 ? "none" : entries.map(([key, times]) => `${times} ${key}`).join(", ");
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, times) => sum + times, 0);
}
