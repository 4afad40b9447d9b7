import { must } from "@freshet/base";
import type { Plan } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { type ColumnType, createCodecs, packRow, type Row } from "@freshet/values";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { ReferenceEvaluator } from "../reference/evaluate-plan.ts";
import { newTally } from "../state/tally.ts";
import { windows } from "../testing/window-arbitrary.ts";
import { WindowOperator } from "./window.ts";

const RUNS = Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);
const INT4: ColumnType = { typeOid: 23, typmod: -1, collation: 0 };
const INT8: ColumnType = { typeOid: 20, typmod: -1, collation: 0 };
const COLUMNS: readonly ColumnType[] = [INT4, INT4, INT4];
const codecs = createCodecs([]);

const scan: Plan = { kind: "scan", tableOid: 1, attributes: [1, 2, 3], columns: COLUMNS };
const column = (index: number) => ({ kind: "column", index, type: INT4 }) as const;
const columns = fc.constantFrom(column(0), column(1), column(2));
const calls = fc.constantFrom("count" as const, "sum" as const, "min" as const, "max" as const).chain((name) =>
  columns.map((arg) => ({
    name,
    arg,
    distinct: false,
    inputCollation: 0,
    type: name === "count" || name === "sum" ? INT8 : INT4,
  })),
);
/** One partition mostly, ordered by a wide key or by one with many ties. */
const plans = windows(scan, { expression: columns, integer: columns, aggregate: calls }).map((plan) =>
  plan.kind === "window" ? { ...plan, partition: plan.partition.slice(0, plan.sort.length % 2) } : plan,
);

function int4(value: number | null): Buffer | null {
  if (value === null) return null;
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const rows: fc.Arbitrary<Row> = fc
  .tuple(
    fc.integer({ min: 0, max: 150 }),
    fc.option(fc.integer({ min: 0, max: 12 }), { freq: 8 }),
    fc.option(fc.integer({ min: -3, max: 3 }), { freq: 5 }),
  )
  .map((values) => packRow(values.map(int4)));

interface Change {
  readonly row: Row;
  /** Of the rows present: which to take away; null: insert `row`. */
  readonly remove: number | null;
}
const changes = fc.record({ row: rows, remove: fc.option(fc.nat(1000)) });

class Played {
  readonly store = new MemoryStore();
  readonly tally = newTally();
  readonly rows: Row[] = [];
  readonly output = new Map<string, number>();

  batchOf(steps: readonly Change[]): DeltaBatch {
    const weights = new Map<string, number>();
    for (const { row, remove } of steps) {
      const taken =
        remove === null || this.rows.length === 0 ? null : this.rows.splice(remove % this.rows.length, 1)[0];
      if (taken === null || taken === undefined) this.rows.push(row);
      const name = (taken ?? row).toString("latin1");
      weights.set(name, (weights.get(name) ?? 0) + (taken ? -1 : 1));
    }
    const batch = new DeltaBatch();
    for (const [name, weight] of weights) if (weight !== 0) batch.push(Buffer.from(name, "latin1"), weight);
    return batch;
  }

  add(batch: DeltaBatch): void {
    batch.forEach((row, weight) => {
      const name = row.toString("latin1");
      const sum = (this.output.get(name) ?? 0) + weight;
      if (sum === 0) this.output.delete(name);
      else this.output.set(name, sum);
    });
  }
}

const sorted = (bag: ReadonlyMap<string, number>): (readonly [string, number])[] =>
  [...bag].toSorted(([a], [b]) => (a < b ? -1 : 1));

test("changes anywhere in large partitions lead to what the definition says", () => {
  fc.assert(
    fc.property(
      plans,
      fc.array(rows, { minLength: 30, maxLength: 90 }),
      fc.array(fc.array(changes, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      (plan, initial, batches, filled) => {
        if (plan.kind !== "window") throw new Error("not a window");
        const played = new Played();
        const operator = new WindowOperator(plan, COLUMNS, [10, 11], { codecs, collations: [] });
        const enumerated = () => [...played.store.read((reads) => [...operator.enumerate(reads, [], played.tally)])];
        played.store.write((transaction) => {
          const batch = played.batchOf(initial.map((row) => ({ row, remove: null })));
          if (filled) operator.fill(transaction, [batch], played.tally);
          else played.add(operator.apply(transaction, [batch], played.tally));
        });
        if (filled) for (const batch of enumerated()) played.add(batch);
        for (const steps of batches) {
          const batch = played.batchOf(steps);
          played.store.write((transaction) => played.add(operator.apply(transaction, [batch], played.tally)));
          const tables = new Map([[1, { attributes: [1, 2, 3], rows: played.rows }]]);
          const reference = new ReferenceEvaluator(tables, codecs);
          const expected = new Map<string, number>();
          for (const row of reference.evaluate(plan)) {
            const name = row.toString("latin1");
            expected.set(name, (expected.get(name) ?? 0) + 1);
          }
          expect(sorted(played.output)).toEqual(sorted(expected));
          expect(played.tally.errors).toBe(reference.errors);
        }
        expect(must(played.tally).rows).toBe(played.rows.length);
      },
    ),
    { numRuns: 60 * RUNS },
  );
});
