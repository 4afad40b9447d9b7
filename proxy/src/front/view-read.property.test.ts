import { environment, must } from "@freshet/base";
import type { QueryPlan, ViewSort } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { Oid, createCodecs, unpackRow } from "@freshet/values";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type IntRow, intPlan, intValue, writeView } from "../testing/int-view.ts";
import { ViewRead, readableOrder } from "./view-read.ts";

const RUNS = 300 * Number(environment()["FC_RUNS_MULTIPLIER"] ?? "1");
const COLUMNS = 4;
const INT4 = { typeOid: Oid.int4, typmod: -1, collation: 0 };
const INT8 = { typeOid: Oid.int8, typmod: -1, collation: 0 };

interface Case {
  readonly visible: number;
  /** Columns 1 to 3, NULLs among them; column 0 is the row's number. */
  readonly rows: readonly IntRow[];
  readonly keys: readonly (number | null)[] | null;
  readonly lower: { readonly value: number | null; readonly inclusive: boolean } | null;
  readonly upper: { readonly value: number | null; readonly inclusive: boolean } | null;
  readonly sort: readonly ViewSort[];
  readonly limit: number | null;
  readonly offset: number | null;
}

const value = fc.integer({ min: -2, max: 3 });
const nullable = fc.option(value, { freq: 6 });
const bound = fc.option(fc.record({ value: nullable, inclusive: fc.boolean() }));
const cases: fc.Arbitrary<Case> = fc.record({
  visible: fc.integer({ min: 1, max: COLUMNS }),
  rows: fc
    .array(fc.tuple(nullable, nullable, nullable, fc.integer({ min: 1, max: 3 })), { maxLength: 25 })
    .map((rows) => rows.flatMap(([a, b, c, copies], index) => Array.from({ length: copies }, () => [index, a, b, c]))),
  keys: fc.option(fc.array(nullable, { maxLength: 4 })),
  lower: bound,
  upper: bound,
  sort: fc.uniqueArray(
    fc.record({ column: fc.integer({ min: 1, max: 3 }), descending: fc.boolean(), nullsFirst: fc.boolean() }),
    { maxLength: 3, selector: ({ column }) => column },
  ),
  limit: fc.option(fc.integer({ min: 0, max: 12 })),
  offset: fc.option(fc.integer({ min: 0, max: 6 })),
});

function planOf({ visible, keys, lower, upper, sort, limit, offset }: Case): QueryPlan {
  const parameters = [
    { type: INT4, list: true },
    { type: INT4, list: false },
    { type: INT4, list: false },
    { type: INT8, list: false },
    { type: INT8, list: false },
  ];
  const ranged = lower !== null || upper !== null;
  return intPlan(COLUMNS, visible, {
    parameters,
    equality: keys === null ? [] : [{ column: 1, parameter: 0 }],
    range: ranged
      ? {
          column: 2,
          lower: lower && { parameter: 1, inclusive: lower.inclusive },
          upper: upper && { parameter: 2, inclusive: upper.inclusive },
        }
      : null,
    sort,
    limit: limit === null ? null : { parameter: 3 },
    offset: offset === null ? null : { parameter: 4 },
  });
}

function int8(count: number | null): Buffer | null {
  return count === null ? null : must(createCodecs([]).get(Oid.int8)).encode(BigInt(count));
}

function compareBy(sort: readonly ViewSort[]): (left: IntRow, right: IntRow) => number {
  return (left, right) => {
    for (const { column, descending, nullsFirst } of sort) {
      const [a, b] = [left[column] ?? null, right[column] ?? null];
      if (a === b) continue;
      if (a === null || b === null) return (a === null) === nullsFirst ? -1 : 1;
      return a < b === descending ? 1 : -1;
    }
    return 0;
  };
}

/** What SQL says, row by row. */
function expected({ rows, keys, lower, upper, sort }: Case): IntRow[] {
  return rows
    .filter(([, a, b]) => {
      if (keys !== null && (a == null || !keys.includes(a))) return false;
      if (
        lower !== null &&
        (b == null || lower.value === null || (lower.inclusive ? b < lower.value : b <= lower.value))
      )
        return false;
      return !(
        upper !== null &&
        (b == null || upper.value === null || (upper.inclusive ? b > upper.value : b >= upper.value))
      );
    })
    .toSorted(compareBy(sort));
}

test("a view answers like a filter, a sort and a cut of the rows", () => {
  fc.assert(
    fc.property(cases, (one) => {
      const plan = planOf(one);
      fc.pre(readableOrder(plan));
      const store = new MemoryStore();
      store.write((transaction) => writeView(transaction, 7, plan, one.rows));
      const read = new ViewRead(7, plan, createCodecs([]));
      const parameters = [
        (one.keys ?? []).map(intValue),
        [intValue(one.lower?.value ?? null)],
        [intValue(one.upper?.value ?? null)],
        [int8(one.limit)],
        [int8(one.offset)],
      ];
      const answer = store.read((transaction) => read.read(transaction, parameters, 1 << 20));
      if (answer.kind !== "rows") throw new Error(`no rows: ${answer.kind}`);
      const snapshot = store.snapshot();
      const slices = read.readInSlices(snapshot, parameters, 1 << 20, Number.POSITIVE_INFINITY, 1);
      store.write((transaction) => writeView(transaction, 7, plan, [[-1, 1, 1]]));
      let slice = slices.next();
      while (slice.done !== true) slice = slices.next();
      expect(slice.value).toEqual(answer);
      snapshot.close();
      const all = expected(one);
      const offset = one.offset ?? 0;
      const cut = all.slice(offset, one.limit === null ? undefined : offset + one.limit);
      const numbers = answer.rows.map((row) => must(unpackRow(row)[0]).readInt32BE(0));
      const found = numbers.map((number) => must(one.rows.find(([id]) => id === number)));
      const sortKeys = (rows: readonly IntRow[]): (number | null | undefined)[][] =>
        rows.map((row) => one.sort.map(({ column }) => row[column]));
      expect(sortKeys(found)).toEqual(sortKeys(cut));
      expect(found).toHaveLength(cut.length);
      for (const id of numbers) {
        const copies = numbers.filter((other) => other === id).length;
        expect(copies).toBeLessThanOrEqual(all.filter(([other]) => other === id).length);
      }
      if (one.limit === null && offset === 0)
        expect(numbers.toSorted((a, b) => a - b)).toEqual(
          all.map(([id]) => id).toSorted((a, b) => (a ?? 0) - (b ?? 0)),
        );
    }),
    { numRuns: RUNS },
  );
});
