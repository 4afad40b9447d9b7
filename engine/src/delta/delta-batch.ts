import type { Row } from "@freshet/values";

/**
 * Deltas as parallel arrays. `keys` is set by arrange nodes alone: each row's key in the arrangement,
 * null where a key column is NULL.
 */
export class DeltaBatch {
  readonly rows: Row[] = [];
  readonly weights: number[] = [];
  readonly keys: (Buffer | null)[] = [];
  /** Whether a row may occur more than once, or with weight 0: see `consolidated`. */
  repeats = false;

  get length(): number {
    return this.rows.length;
  }

  push(row: Row, weight: number): void {
    this.rows.push(row);
    this.weights.push(weight);
  }

  pushKeyed(row: Row, weight: number, key: Buffer | null): void {
    this.rows.push(row);
    this.weights.push(weight);
    this.keys.push(key);
  }

  /** Calls back for each delta. */
  forEach(visit: (row: Row, weight: number) => void): void {
    for (let index = 0; index < this.rows.length; index++) {
      visit(this.rows[index] as Row, this.weights[index] as number);
    }
  }
}

export const EMPTY_BATCH: DeltaBatch = new DeltaBatch();
Object.freeze(EMPTY_BATCH.rows);

/** A node's batch, consolidated at the first call and kept so. */
export function consolidated(batches: Map<number, DeltaBatch>, id: number): DeltaBatch {
  const batch = batches.get(id) ?? EMPTY_BATCH;
  if (!batch.repeats) return batch;
  const sums = consolidate(batch);
  batches.set(id, sums);
  return sums;
}

/** The batch with each distinct row once and without zero weights. Operators rely on their input being so, unless they take repeats. */
export function consolidate(batch: DeltaBatch): DeltaBatch {
  if (batch.length <= 1) return batch.weights[0] === 0 ? EMPTY_BATCH : batch;
  const positions = new Map<string, number>();
  const sums = new DeltaBatch();
  for (let index = 0; index < batch.length; index++) {
    const row = batch.rows[index] as Row;
    const weight = batch.weights[index] as number;
    const name = row.toString("latin1");
    const at = positions.get(name);
    if (at === undefined) {
      positions.set(name, sums.length);
      sums.push(row, weight);
    } else sums.weights[at] = (sums.weights[at] as number) + weight;
  }
  if (!sums.weights.includes(0)) return sums;
  const result = new DeltaBatch();
  sums.forEach((row, weight) => {
    if (weight !== 0) result.push(row, weight);
  });
  return result;
}
