import {
  CHANGES_HEAD_KEY,
  type ChangesHead,
  decodeChangesHead,
  ENTRY_TAG,
  HEADER_TAG,
  META_ARRANGEMENT,
  readViewChanges,
  VIEW_CHANGES_ARRANGEMENT,
  viewArrangement,
  viewChangesNumber,
} from "@freshet/contract";
import { MemoryStore, type WriteTransaction } from "@freshet/store";
import { beforeEach, expect, test } from "vitest";
import { LoggedStore } from "./logged-store.ts";

let inner: MemoryStore;
let store: LoggedStore;

beforeEach(() => {
  inner = new MemoryStore();
  store = new LoggedStore(inner);
});

function head(): ChangesHead {
  return store.read((reads) => decodeChangesHead(reads.get(META_ARRANGEMENT, CHANGES_HEAD_KEY) ?? Buffer.alloc(18)));
}

/** By number: cache and key, null for a whole view. */
function log(): Map<number, [number, string | null][]> {
  return store.read((reads) => {
    const found = new Map<number, [number, string | null][]>();
    for (const { key, value } of reads.scan(VIEW_CHANGES_ARRANGEMENT)) {
      const changes: [number, string | null][] = [];
      readViewChanges(value, (cacheId, bytes) => changes.push([cacheId, bytes?.toString() ?? null]));
      found.set(viewChangesNumber(key), changes);
    }
    return found;
  });
}

function tagged(tag: number, key: string): Buffer {
  return Buffer.concat([Buffer.from([tag]), Buffer.from(key)]);
}

function change(transaction: WriteTransaction, cacheId: number, key: string): void {
  transaction.put(viewArrangement(cacheId), tagged(ENTRY_TAG, key), Buffer.from("row"));
  transaction.put(viewArrangement(cacheId), tagged(HEADER_TAG, key), Buffer.from("header"));
}

test("each transaction has a number, and the keys it changes are logged under it", () => {
  store.write((transaction) => transaction.put(META_ARRANGEMENT, Buffer.from("applied"), Buffer.from("1")));
  expect(head().number).toBe(1);
  store.write((transaction) => {
    change(transaction, 3, "a");
    change(transaction, 4, "");
    transaction.remove(viewArrangement(3), tagged(HEADER_TAG, "gone"));
  });
  expect(head()).toMatchObject({ number: 2, first: 1 });
  expect(log()).toEqual(
    new Map([
      [
        2,
        [
          [3, "a"],
          [4, ""],
          [3, "gone"],
        ],
      ],
    ]),
  );
});

test("keys without headers are logged as they are told", () => {
  store.write((transaction) => {
    transaction.put(viewArrangement(3), tagged(ENTRY_TAG, "a"), Buffer.from("row"));
    transaction.keyChanged(3, Buffer.from("a"));
    expect(transaction.insert(viewArrangement(4), tagged(HEADER_TAG, "b"), Buffer.from("header"))).toBe(true);
  });
  expect(log().get(1)).toEqual([
    [3, "a"],
    [4, "b"],
  ]);
});

test("a transaction that is given up leaves nothing", () => {
  expect(() =>
    store.write((transaction) => {
      change(transaction, 1, "a");
      throw new Error("given up");
    }),
  ).toThrow("given up");
  expect([head().number, log().size]).toEqual([0, 0]);
  store.write((transaction) => change(transaction, 1, "b"));
  expect(log()).toEqual(new Map([[1, [[1, "b"]]]]));
});

test("of many changes the views alone are named", () => {
  store.write((transaction) => {
    change(transaction, 2, "x");
    for (let key = 0; key < 5000; key++) change(transaction, 1, `key ${key}`);
  });
  expect(log().get(1)).toEqual([
    [2, null],
    [1, null],
  ]);
});

test("clearing a view touches all its keys", () => {
  store.write((transaction) => change(transaction, 1, "a"));
  expect(store.clear(viewArrangement(1), 100)).toBe(true);
  expect(log().get(2)).toEqual([[1, null]]);
});

test("the log is cut, and tells from where on it is whole", () => {
  for (let number = 1; number <= 6000; number++) {
    store.write((transaction) => {
      if (number % 2 === 0) change(transaction, 1, `key ${number}`);
    });
  }
  const { number, first, bytes } = head();
  expect(number).toBe(6000);
  expect(number - first).toBeLessThanOrEqual(4096);
  const kept = log();
  for (let at = first; at <= number; at++) {
    expect(kept.get(at)).toEqual(at % 2 === 0 ? [[1, `key ${at}`]] : undefined);
  }
  const sizes = store.read((reads) => Array.from(reads.scan(VIEW_CHANGES_ARRANGEMENT), ({ value }) => value.length));
  expect(bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
});

test("a log of large lists is cut by its bytes", () => {
  const long = "k".repeat(1800);
  for (let number = 1; number <= 200; number++) {
    store.write((transaction) => {
      for (let key = 0; key < 15; key++)
        transaction.put(viewArrangement(1), tagged(HEADER_TAG, `${long} ${key}`), Buffer.from("header"));
    });
  }
  const { number, first, bytes } = head();
  expect(bytes).toBeLessThanOrEqual(4 << 20);
  expect(first).toBeGreaterThan(1);
  expect([...log().keys()]).toEqual(Array.from({ length: number - first + 1 }, (_unused, index) => first + index));
});
