import type { KeyOutcome } from "@freshet/contract";
import { silentLogger } from "@freshet/base";
import { beforeEach, expect, test } from "vitest";
import { CompiledCaches } from "./compiled-caches.ts";
import { KeyFills } from "./key-fills.ts";

interface Call {
  readonly cacheId: number;
  readonly keys: readonly (readonly string[])[];
  readonly used: readonly string[];
}

let calls: Call[];
let time: number;
let outcome: (key: string) => KeyOutcome;
let fills: KeyFills;

const key = (...values: string[]): Buffer[] => values.map((value) => Buffer.from(value));
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
let gate: Promise<void>;

beforeEach(() => {
  time = 0;
  outcome = () => "kept";
  gate = Promise.resolve();
  const made: Call[] = [];
  calls = made;
  fills = new KeyFills({
    engine: {
      fillKeys: async (cacheId, keys, used) => {
        made.push({ cacheId, keys: keys.map((values) => values.map(String)), used: used.map(String) });
        await gate;
        return keys.map((values) => outcome(values.map(String).join("/")));
      },
    },
    clock: () => time,
    logger: silentLogger(),
  });
});

async function idle(): Promise<void> {
  for (let turn = 0; turn < 20 || fills.size > 0; turn++) await settled();
}

test("a key that many reads want is asked for once, with what was used meanwhile", async () => {
  let open = (): void => undefined;
  gate = new Promise((resolve) => (open = resolve));
  fills.use(1, key("used"));
  fills.want(1, [key("a"), key("b", "c")]);
  fills.want(1, [key("a")]);
  await settled();
  fills.want(1, [key("a")]);
  open();
  await idle();
  expect(calls).toEqual([{ cacheId: 1, keys: [["a"], ["b", "c"]], used: ["used"] }]);
  expect(fills.size).toBe(0);
  fills.want(1, [key("a")]);
  await idle();
  expect(calls).toHaveLength(2);
});

test("keys go to the engine in small calls, one at a time, for every cache", async () => {
  fills.want(
    1,
    Array.from({ length: 70 }, (_unused, index) => key(String(index))),
  );
  fills.want(2, [key("x")]);
  await idle();
  expect(calls.map(({ cacheId, keys }) => [cacheId, keys.length])).toEqual([
    [1, 32],
    [1, 32],
    [1, 6],
    [2, 1],
  ]);
});

test("a key that is too large is not asked for again for a while", async () => {
  outcome = (name) => (name === "big" ? "too large" : "kept");
  expect(fills.want(1, [key("big"), key("small")])).toBe(true);
  await idle();
  expect(fills.want(1, [key("big")])).toBe(false);
  await idle();
  expect(calls).toHaveLength(1);
  time = 60_001;
  fills.want(1, [key("big")]);
  await idle();
  expect(calls).toHaveLength(2);
});

test("what waits is bounded", async () => {
  fills.want(
    1,
    Array.from({ length: 20_000 }, (_unused, index) => key(String(index))),
  );
  expect(fills.size).toBe(10_000);
  await idle();
});

test("much use alone is told, too", async () => {
  for (let index = 0; index < 1000; index++) fills.use(1, key(String(index)));
  await idle();
  expect(calls.map(({ keys, used }) => [keys.length, used.length])).toEqual([[0, 1000]]);
});

test("an engine that fails leaves nothing waiting", async () => {
  const failing = new KeyFills({
    engine: { fillKeys: () => Promise.reject(new Error("closed")) },
    clock: () => 0,
    logger: silentLogger(),
  });
  failing.want(1, [key("a")]);
  await settled();
  expect(failing.size).toBe(0);
});

test("of a dropped cache nothing is left, also while its keys are being filled", async () => {
  let open = (): void => undefined;
  gate = new Promise((resolve) => (open = resolve));
  const compiled = new CompiledCaches();
  compiled.onForgotten((id) => fills.forget(id));
  fills.want(
    1,
    Array.from({ length: 40 }, (_unused, index) => key(String(index))),
  );
  await settled();
  fills.use(1, key("used"));
  fills.use(2, key("other"));
  expect([fills.size, fills.untold]).toEqual([40, 2]);
  compiled.forget(1);
  expect([fills.size, fills.untold]).toEqual([0, 1]);
  fills.want(2, [key("x")]);
  open();
  await idle();
  expect(calls.map(({ cacheId, keys }) => [cacheId, keys.length])).toEqual([
    [1, 32],
    [2, 1],
  ]);
  expect([fills.size, fills.untold]).toEqual([0, 0]);
});
