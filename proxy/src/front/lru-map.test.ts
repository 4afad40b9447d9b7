import fc from "fast-check";
import { expect, it } from "vitest";
import { LruMap } from "./lru-map.ts";

it("forgets the least recently used beyond its capacity", () => {
  const map = new LruMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  expect(map.get("a")).toBe(1);
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([1, undefined, 3]);
  expect(map.weight).toBe(0);
});

it("keeps to a weight of all keys together", () => {
  const map = new LruMap<string, number>(100, { weigh: (key) => key.length, max: 1000 });
  for (let count = 0; count < 500; count++) {
    const key = "x".repeat(count % 90) + String(count);
    map.set(key, key.length);
    expect(map.weight).toBe([...map.values()].reduce((sum, length) => sum + length, 0));
    expect(map.weight).toBeLessThanOrEqual(1000);
    expect(map.size).toBeLessThanOrEqual(100);
  }
  map.set("again", 5);
  map.set("again", 6);
  expect(map.get("again")).toBe(6);
  map.set("y".repeat(1001), 0);
  expect([map.size, map.weight]).toEqual([0, 0]);
  map.set("z", 1);
  map.clear();
  expect(map.weight).toBe(0);
});

it("forgets what a list in the order of use would forget", () => {
  const step = fc.record({ key: fc.nat(5), value: fc.option(fc.nat(9), { nil: null }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new LruMap<number, number>(3);
      let list: (readonly [number, number])[] = [];
      for (const { key, value } of steps) {
        const known = list.find(([other]) => other === key);
        if (value === null) expect(map.get(key)).toBe(known?.[1]);
        else map.set(key, value);
        const used = value ?? known?.[1];
        if (used !== undefined) list = [...list.filter(([other]) => other !== key), [key, used] as const].slice(-3);
        expect([...map.values()]).toEqual(list.map(([, held]) => held));
      }
    }),
  );
});
