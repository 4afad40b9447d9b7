import { expect, test } from "vitest";
import { randomId, SeededRandom } from "./random.ts";

test("the same seed gives the same sequence, another seed another one", () => {
  const draw = (seed: number): number[] => {
    const source = new SeededRandom(seed);
    return Array.from({ length: 20 }, () => source.uint32());
  };
  expect(draw(42)).toEqual(draw(42));
  expect(draw(42)).not.toEqual(draw(43));
});

test("integers stay in their range and reach both ends", () => {
  const source = new SeededRandom(7);
  const seen = new Set(Array.from({ length: 500 }, () => source.integer(-2, 3)));
  expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
});

test("shuffling keeps the items and leaves the input alone", () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const shuffled = new SeededRandom(1).shuffle(items);
  expect(shuffled).not.toEqual(items);
  expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
});

test("picking covers every item and refuses an empty list", () => {
  const source = new SeededRandom(3);
  expect(new Set(Array.from({ length: 100 }, () => source.pick(["a", "b", "c"])))).toEqual(new Set(["a", "b", "c"]));
  expect(() => source.pick([])).toThrow(RangeError);
});

test("ids are hexadecimal and differ", () => {
  expect(randomId(4)).toMatch(/^[0-9a-f]{8}$/);
  expect(randomId()).not.toBe(randomId());
});
