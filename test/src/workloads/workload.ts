/** One query of a workload. */
export interface WorkloadQuery {
  readonly name: string;
  readonly text: string;
  /** Positions (from 0) of the output columns that ORDER BY names, in its order; empty where the order is open. */
  readonly order: readonly number[];
}

/** A schema with data, queries over it, and transactions that change it. */
export interface Workload {
  readonly name: string;
  /** Where it is from and what was left out or changed, for the page that shows the results. */
  readonly origin: string;
  readonly schema: readonly string[];
  /** Fills the tables; at scale 1 about as large as the workload's own unit. */
  data(scale: number): readonly string[];
  readonly queries: readonly WorkloadQuery[];
  /** Transaction `number` (from 0) of the stream of changes; each is a list of statements. */
  transaction(number: number, scale: number): readonly string[];
}
