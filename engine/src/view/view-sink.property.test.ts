import {
  decodeViewList,
  ENTRY_TAG,
  isSpilledList,
  isViewList,
  viewArrangement,
  viewEntryRows,
} from "@freshet/contract";
import { must } from "@freshet/base";
import type { QueryPlan } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { createCodecs, Oid, packRow } from "@freshet/values";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { newTally } from "../state/tally.ts";
import { LoggedStore } from "./logged-store.ts";
import { ViewSink } from "./view-sink.ts";

const numRuns = 100 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);
const ID = 1;
const INT4 = { typeOid: Oid.int4, typmod: -1, collation: 0 };
const TEXT = { typeOid: Oid.text, typmod: -1, collation: 950 };
const codecs = createCodecs([]);
const int4 = must(codecs.get(Oid.int4));

/** Rows (key, rank, filler), asked by key in the order of rank. */
const QUERY: QueryPlan = {
  plan: { kind: "scan", tableOid: 1, attributes: [1, 2, 3], columns: [INT4, INT4, TEXT] },
  result: [INT4, INT4, TEXT].map((type, index) => ({
    ...type,
    name: `c${index}`,
    tableOid: 1,
    attribute: index + 1,
    typeLength: -1,
  })),
  parameters: [{ type: INT4, list: false }],
  equality: [{ column: 0, parameter: 0 }],
  range: null,
  sort: [{ column: 1, descending: true, nullsFirst: false }],
  limit: null,
  offset: null,
  missingKeyRow: null,
  resultKey: null,
  tables: [{ tableOid: 1, schema: "public", name: "t" }],
  privileges: [],
  types: [],
  collations: [],
};

interface Wanted {
  readonly key: number;
  readonly rank: number;
  readonly length: number;
  readonly weight: number;
}

function row({ key, rank, length }: Wanted): Buffer {
  return packRow([int4.encode(key), int4.encode(rank), Buffer.alloc(length, 0x61)]);
}

/** Rows and the weights that they get, by commits. Lengths beyond what a list, or a key, takes are among them. */
const commits = fc.array(
  fc.array(
    fc.record({
      key: fc.integer({ min: 0, max: 1 }),
      rank: fc.integer({ min: 0, max: 3 }),
      length: fc.constantFrom(0, 100, 400, 900, 1500, 2500),
      weight: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 8 },
  ),
  { maxLength: 12 },
);

test("a key's rows are in one list, or in entries of their own, and nothing is left of a key without rows", () => {
  fc.assert(
    fc.property(commits, (all) => {
      const store = new MemoryStore();
      const logged = new LoggedStore(store);
      const sink = new ViewSink(ID, QUERY, { codecs, collations: [] });
      const present = new Map<string, Wanted>();
      const tally = newTally();
      for (const [index, wanted] of all.entries()) {
        const batch = new DeltaBatch();
        const changed = new Map(wanted.map((one) => [row(one).toString("latin1"), one]));
        for (const [name, one] of changed) {
          const weight = one.weight - (present.get(name)?.weight ?? 0);
          if (weight !== 0) batch.push(row(one), weight);
          if (one.weight === 0) present.delete(name);
          else present.set(name, one);
        }
        logged.write((transaction) => sink.apply(transaction, batch, BigInt(index), tally));
        check(store, [...present.values()]);
      }
      expect(tally.rows).toBe([...present.values()].reduce((sum, { weight }) => sum + weight, 0));
    }),
    { numRuns },
  );
});

function check(store: MemoryStore, present: readonly Wanted[]): void {
  store.read((reads) => {
    const entries = [...reads.scanPrefix(viewArrangement(ID), Buffer.of(ENTRY_TAG))];
    const rows = entries.flatMap(({ value }) => [...viewEntryRows(value)]);
    const named = (list: readonly { readonly weight: number; readonly row: Buffer }[]): string[] =>
      list.map((one) => `${one.weight} ${one.row.toString("latin1")}`).toSorted();
    expect(named(rows)).toEqual(named(present.map((one) => ({ weight: one.weight, row: row(one) }))));
    const heads = entries.filter(({ value }) => isViewList(value));
    expect(heads).toHaveLength(new Set(present.map(({ key }) => key)).size);
    for (const { key, value } of heads) {
      const own = entries.filter((entry) => entry.key !== key && entry.key.subarray(0, key.length).equals(key));
      if (isSpilledList(value)) expect(own).not.toHaveLength(0);
      else {
        expect(own).toHaveLength(0);
        const order = decodeViewList(value).map((one) => Buffer.concat([one.sortKey, one.row]).toString("hex"));
        expect(order).toEqual(order.toSorted());
      }
    }
  });
}
