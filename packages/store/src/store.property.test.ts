import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryStore, openStore, type ReadTransaction, type ScanOptions, type Store } from "./index.ts";

const directory = mkdtempSync(join(tmpdir(), "freshet-store-"));
const lmdb = openStore(directory);

afterAll(async () => {
  await lmdb.close();
  rmSync(directory, { recursive: true });
});

/** The obvious twin: a Map from "arrangement/key in hex" to the value in hex. */
type Model = Map<string, string>;

const keys = fc
  .array(fc.constantFrom(0x00, 0x01, 0x7f, 0xfe, 0xff), { maxLength: 3 })
  .map((bytes) => Buffer.from(bytes));
const values = fc
  .oneof(fc.uint8Array({ maxLength: 12 }), fc.constant(new Uint8Array(40_000).fill(7)))
  .map((bytes) => Buffer.from(bytes));
const writes = fc.record({
  arrangement: fc.integer({ min: 0, max: 2 }),
  key: keys,
  value: fc.option(values),
  insert: fc.boolean(),
});
const batches = fc.array(fc.record({ abort: fc.boolean(), writes: fc.array(writes, { maxLength: 60 }) }), {
  maxLength: 8,
});

function expectSame(reads: ReadTransaction, model: Model, base: number, options: ScanOptions, prefix: Buffer): void {
  for (let arrangement = 0; arrangement < 3; arrangement++) {
    const all = [...model]
      .filter(([name]) => name.startsWith(`${arrangement}/`))
      .map(([name, value]) => [name.slice(2), value] as const);
    all.sort((a, b) => Buffer.compare(Buffer.from(a[0], "hex"), Buffer.from(b[0], "hex")));
    const hex = (entries: Iterable<{ key: Buffer; value: Buffer }>): string[][] =>
      [...entries].map((entry) => [entry.key.toString("hex"), entry.value.toString("hex")]);
    let expected = all.filter(([key]) => {
      const bytes = Buffer.from(key, "hex");
      if (options.start !== undefined && Buffer.compare(bytes, options.start) < 0) return false;
      return options.end === undefined || Buffer.compare(bytes, options.end) < 0;
    });
    if (options.reverse === true) expected = expected.toReversed();
    expect(hex(reads.scan(base + arrangement, options))).toEqual(expected.slice(0, options.limit ?? all.length));
    expect(hex(reads.scanPrefix(base + arrangement, prefix))).toEqual(
      all.filter(([key]) => key.startsWith(prefix.toString("hex"))),
    );
    for (const [key, value] of all)
      expect(reads.get(base + arrangement, Buffer.from(key, "hex"))?.toString("hex")).toBe(value);
    expect(reads.has(base + arrangement, prefix)).toBe(all.some(([key]) => key === prefix.toString("hex")));
  }
}

const scans = fc.record(
  { start: keys, end: keys, reverse: fc.boolean(), limit: fc.integer({ min: 0, max: 5 }) },
  { requiredKeys: [] },
);

let nextBase = 10;

describe.each<[string, () => Store]>([
  ["in memory", () => new MemoryStore()],
  ["in LMDB", () => lmdb],
])("a store %s", (_name, open) => {
  test("behaves as a Map with transactions and snapshots", () => {
    const store = open();
    const runs = 60 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);
    fc.assert(
      fc.property(batches, scans, keys, (transactions, options, prefix) => {
        const base = (nextBase += 3);
        let model: Model = new Map();
        const pinned: [ReturnType<Store["snapshot"]>, Model][] = [];
        for (const { abort, writes: changes } of transactions) {
          const next: Model = new Map(model);
          const run = (): void =>
            store.write((transaction) => {
              for (const { arrangement, key, value, insert } of changes) {
                const name = `${arrangement}/${key.toString("hex")}`;
                if (value === null) expect(transaction.remove(base + arrangement, key)).toBe(next.delete(name));
                else if (insert) {
                  expect(transaction.insert(base + arrangement, key, value)).toBe(!next.has(name));
                  if (!next.has(name)) next.set(name, value.toString("hex"));
                } else {
                  transaction.put(base + arrangement, key, value);
                  next.set(name, value.toString("hex"));
                }
              }
              expectSame(transaction, next, base, options, prefix);
              if (abort) throw new Error("abort");
            });
          if (abort) expect(run).toThrow("abort");
          else {
            run();
            model = next;
          }
          pinned.push([store.snapshot(), model]);
          store.read((reads) => expectSame(reads, model, base, options, prefix));
        }
        for (const [snapshot, state] of pinned) {
          expectSame(snapshot, state, base, options, prefix);
          snapshot.close();
        }
      }),
      { numRuns: runs },
    );
  });
});
