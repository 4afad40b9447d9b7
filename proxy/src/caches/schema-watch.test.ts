import { silentLogger } from "@freshet/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningTransactions, SchemaWatch, parseTransactions } from "./schema-watch.ts";

let verified: number;
let running: RunningTransactions;
let watch: SchemaWatch;

beforeEach(() => {
  verified = 0;
  const manager = { onSchemaStatement: async () => void verified++, compareTables: () => Promise.resolve() };
  watch = new SchemaWatch(manager, () => Promise.resolve(running), 60_000, silentLogger());
});
afterEach(() => watch.stop());

async function transactionEnds(): Promise<void> {
  watch.onTransactionStatement();
  await new Promise((resolve) => setImmediate(resolve));
}

test("another session's COMMIT does not end the watch for the one that changed the schema", async () => {
  await transactionEnds();
  expect(verified).toBe(0);
  watch.onSchemaStatement();
  expect(verified).toBe(1);
  running = { oldest: 100n, next: 102n };
  await transactionEnds();
  await transactionEnds();
  expect(verified).toBe(3);
  running = { oldest: 103n, next: 105n };
  await transactionEnds();
  expect(verified).toBe(5);
  await transactionEnds();
  expect(verified).toBe(5);
});

test("a snapshot's bounds are read from the upstream's text", () => {
  expect(parseTransactions([["7", "4294967300"]])).toEqual({ oldest: 7n, next: 4_294_967_300n });
});
