import { MemoryStore } from "@freshet/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeKeyedEntry, KeyedRows, type WeightedRow } from "./keyed-rows.ts";
import { pagedScan } from "./multiset.ts";
import { newTally } from "./tally.ts";

const ARRANGEMENT = 20;

/** Prefix-free, one of them empty where it is the only one. */
const keySets = fc.constantFrom([Buffer.alloc(0)], [Buffer.from([0]), Buffer.from([1, 0]), Buffer.from([1, 0xff])]);
/** Few, so that they come again; some too long for a list beside others, one too long for a key. */
const rows = fc
  .tuple(fc.constantFrom(0, 1, 5, 70, 400, 900, 3000), fc.constantFrom(0, 1, 0xff))
  .map(([length, byte]) => Buffer.alloc(length, byte));
const changes = fc.array(
  fc.record({
    key: fc.nat({ max: 2 }),
    rows: fc.array(fc.tuple(rows, fc.integer({ min: -3, max: 3 })), { maxLength: 8 }),
  }),
  { maxLength: 30 },
);

type Model = Map<string, Map<string, number>>;

function sorted(entries: Iterable<WeightedRow>): string[] {
  return Array.from(entries, ({ row, weight }) => `${row.toString("hex")} ${weight}`).toSorted();
}

function modelRows(model: Model, key: Buffer): string[] {
  const weights = model.get(key.toString("hex")) ?? new Map<string, number>();
  return Array.from(weights, ([row, weight]) => `${row} ${weight}`).toSorted();
}

/** What may be added: distinct rows, with weights that leave none below 0. */
function possible(weights: Map<string, number>, wanted: readonly (readonly [Buffer, number])[]): WeightedRow[] {
  const deltas: WeightedRow[] = [];
  const seen = new Set<string>();
  for (const [row, change] of wanted) {
    const name = row.toString("hex");
    if (seen.has(name)) continue;
    seen.add(name);
    const before = weights.get(name) ?? 0;
    const weight = Math.max(change, -before);
    if (weight === 0) continue;
    if (before + weight === 0) weights.delete(name);
    else weights.set(name, before + weight);
    deltas.push({ row, weight });
  }
  return deltas;
}

test("the rows of each key are those that were added, however they are laid out", () => {
  fc.assert(
    fc.property(keySets, changes, (keys, steps) => {
      const store = new MemoryStore();
      const kept = new KeyedRows(ARRANGEMENT);
      const model: Model = new Map();
      const tally = newTally();
      store.write((transaction) => {
        for (const step of steps) {
          const key = keys[step.key % keys.length] ?? Buffer.alloc(0);
          const weights = model.get(key.toString("hex")) ?? new Map<string, number>();
          model.set(key.toString("hex"), weights);
          const deltas = possible(weights, step.rows);
          kept.add(transaction, key, deltas, tally);
          for (const one of keys) expect(sorted(kept.rowsAt(transaction, one))).toEqual(modelRows(model, one));
        }
        const scanned = new Map<string, WeightedRow[]>();
        let bytes = 0;
        for (const entry of pagedScan(transaction, ARRANGEMENT)) {
          bytes += entry.key.length + entry.value.length;
          const found = decodeKeyedEntry(entry);
          const name = found.key.toString("hex");
          scanned.set(name, [...(scanned.get(name) ?? []), ...found.rows]);
        }
        for (const key of keys) {
          expect(sorted(scanned.get(key.toString("hex")) ?? [])).toEqual(modelRows(model, key));
          const limited = kept.rowsAt(transaction, key, 2);
          expect(limited.length).toBeGreaterThanOrEqual(Math.min(2, modelRows(model, key).length));
        }
        expect(tally.bytes).toBe(bytes);
        expect(tally.rows).toBe(
          [...model.values()].flatMap((weights) => [...weights.values()]).reduce((sum, weight) => sum + weight, 0),
        );
        if (tally.rows === 0) expect(bytes).toBe(0);
      });
    }),
    { numRuns: 300 },
  );
});

test("a key's rows that are taken away leave nothing", () => {
  const store = new MemoryStore();
  const kept = new KeyedRows(ARRANGEMENT);
  const tally = newTally();
  const key = Buffer.from("key");
  const deltas = Array.from({ length: 100 }, (_unused, index) => ({ row: Buffer.alloc(60, index), weight: 1 }));
  store.write((transaction) => {
    kept.add(transaction, key, deltas, tally);
    expect(kept.rowsAt(transaction, key).length).toBe(100);
    for (const { row } of deltas) kept.add(transaction, key, [{ row, weight: -1 }], tally);
    expect(transaction.get(ARRANGEMENT, key)).toBeUndefined();
    expect(() => kept.add(transaction, key, [{ row: Buffer.from("absent"), weight: -1 }], tally)).toThrow("negative");
  });
  expect(tally).toEqual({ errors: 0, rows: 0, bytes: 0 });
  expect(store.stats().entries).toBe(0);
});

test("a row takes the place of another only where all of that goes", () => {
  const store = new MemoryStore();
  const kept = new KeyedRows(ARRANGEMENT);
  const tally = newTally();
  const key = Buffer.from("key");
  const [a, b, c, long] = [Buffer.from("a1"), Buffer.from("b1"), Buffer.from("c1"), Buffer.from("longer")];
  const after = (...deltas: readonly WeightedRow[]): string[] =>
    store.write((transaction) => {
      kept.add(transaction, key, deltas, tally);
      return kept.rowsAt(transaction, key).map(({ row, weight }) => `${row.toString()} ${weight}`);
    });
  expect(after({ row: a, weight: 2 })).toEqual(["a1 2"]);
  expect(after({ row: b, weight: 1 })).toEqual(["a1 2", "b1 1"]);
  expect(after({ row: a, weight: -1 }, { row: c, weight: 1 })).toEqual(["a1 1", "b1 1", "c1 1"]);
  expect(after({ row: c, weight: 3 }, { row: a, weight: -1 })).toEqual(["b1 1", "c1 4"]);
  expect(after({ row: a, weight: 5 }, { row: b, weight: -1 })).toEqual(["a1 5", "c1 4"]);
  expect(after({ row: a, weight: -5 }, { row: long, weight: 1 })).toEqual(["c1 4", "longer 1"]);
  expect(after({ row: c, weight: 1 })).toEqual(["c1 5", "longer 1"]);
  expect(tally).toMatchObject({ rows: 6, bytes: store.stats().usedBytes - 4 });
  expect(() => after({ row: a, weight: -1 }, { row: b, weight: 1 })).toThrow("negative");
});
