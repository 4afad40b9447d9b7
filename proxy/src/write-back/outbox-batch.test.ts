import { must } from "@freshet/base";
import { encodeOutboxDelta, outboxArrangement, outboxKey } from "@freshet/contract";
import { MemoryStore } from "@freshet/store";
import { packRow } from "@freshet/values";
import { expect, test } from "vitest";
import { nextBatch } from "./outbox-batch.ts";

const cacheId = 7;

/** An outbox that holds, per LSN, deltas written as "+a" or "-a". */
function outbox(content: Readonly<Record<number, readonly string[]>>): MemoryStore {
  const store = new MemoryStore();
  store.write((transaction) => {
    for (const [lsn, deltas] of Object.entries(content)) {
      deltas.forEach((delta, sequence) => {
        const row = packRow([Buffer.from(delta.slice(1))]);
        const value = encodeOutboxDelta({ weight: delta.startsWith("-") ? -1 : 1, row });
        transaction.put(outboxArrangement(cacheId), outboxKey(BigInt(lsn), sequence), value);
      });
    }
  });
  return store;
}

function read(store: MemoryStore, after: bigint, maxRows: number): { lsn: bigint; segments: string[][] } | null {
  return store.read((transaction) => {
    const batch = nextBatch(transaction, cacheId, after, maxRows);
    if (batch === null) return null;
    const segments = [...batch.segments()].map((segment) =>
      segment.map(({ weight, row }) => `${must(weight)}${row.subarray(4).toString()}`),
    );
    return { lsn: batch.lsn, segments };
  });
}

test("whole LSNs are taken together and consolidated", () => {
  const store = outbox({ 10: ["-a", "+b"], 20: ["-b", "+c"], 30: ["-c", "+d"] });
  expect(read(store, 0n, 100)).toEqual({ lsn: 30n, segments: [["-1a", "1d"]] });
  expect(read(store, 0n, 4)).toEqual({ lsn: 20n, segments: [["-1a", "1c"]] });
  expect(read(store, 20n, 4)).toEqual({ lsn: 30n, segments: [["-1c", "1d"]] });
  expect(read(store, 30n, 4)).toBeNull();
});

test("two runs of the graph at one LSN cancel out", () => {
  expect(read(outbox({ 10: ["-a", "+b", "-b", "+c"] }), 0n, 100)).toEqual({ lsn: 10n, segments: [["-1a", "1c"]] });
});

test("an LSN with more deltas than a batch takes comes in several segments", () => {
  const store = outbox({ 10: ["-a", "-x", "+b", "-b", "+c"], 20: ["+z"] });
  expect(read(store, 0n, 3)).toEqual({
    lsn: 10n,
    segments: [
      ["-1a", "-1x", "1b"],
      ["-1b", "1c"],
    ],
  });
});
