import { expect, test } from "vitest";
import { BoundedQueue, QueueClosedError } from "./bounded-queue.ts";

const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  let done = false;
  promise.then(
    () => (done = true),
    () => (done = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return done;
};

test("items come out in the order they went in", async () => {
  const queue = new BoundedQueue<number>({ limit: 10 });
  for (let item = 0; item < 5; item += 1) await queue.push(item);
  queue.close();
  const seen: number[] = [];
  for await (const item of queue) seen.push(item);
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});

test("a push waits for room and keeps its place", async () => {
  const queue = new BoundedQueue<string>({ limit: 10, sizeOf: (item) => item.length });
  await queue.push("123456");
  const big = queue.push("abcdef");
  const small = queue.push("z");
  expect(await settled(small)).toBe(false);
  expect(queue.tryPush("y")).toBe(false);
  expect(queue.size).toBe(6);
  expect(await queue.shift()).toBe("123456");
  await Promise.all([big, small]);
  expect([await queue.shift(), await queue.shift(), queue.size]).toEqual(["abcdef", "z", 0]);
});

test("an item beyond the limit passes alone", async () => {
  const queue = new BoundedQueue<string>({ limit: 3, sizeOf: (item) => item.length });
  await queue.push("too long");
  const next = queue.push("x");
  expect(await settled(next)).toBe(false);
  expect(await queue.shift()).toBe("too long");
  await next;
  expect(await queue.shift()).toBe("x");
});

test("the consumer waits for an item, and for the end", async () => {
  const queue = new BoundedQueue<number>({ limit: 1 });
  const first = queue.shift();
  expect(await settled(first)).toBe(false);
  expect(queue.tryPush(1)).toBe(true);
  expect(await first).toBe(1);
  const second = queue.shift();
  queue.close();
  expect(await second).toBeUndefined();
});

test("closing refuses producers, those that wait too, but not what is in", async () => {
  const queue = new BoundedQueue<number>({ limit: 1 });
  await queue.push(1);
  const waiting = queue.push(2);
  queue.close();
  await expect(waiting).rejects.toThrow(QueueClosedError);
  await expect(queue.push(3)).rejects.toThrow(QueueClosedError);
  expect([await queue.shift(), await queue.shift()]).toEqual([1, undefined]);
});

test("a failure reaches both sides and drops what is left", async () => {
  const queue = new BoundedQueue<number>({ limit: 1 });
  await queue.push(1);
  const waiting = queue.push(2);
  queue.fail(new Error("disk full"));
  await expect(waiting).rejects.toThrow("disk full");
  await expect(queue.shift()).rejects.toThrow("disk full");
  expect([queue.length, queue.size]).toEqual([0, 0]);
});

test("every item of many producers arrives once, and the limit holds", async () => {
  const queue = new BoundedQueue<number>({ limit: 7 });
  const producers = Array.from({ length: 5 }, async (_, producer) => {
    for (let item = 0; item < 400; item += 1) await queue.push(producer * 1000 + item);
  });
  void Promise.all(producers).then(() => queue.close());
  const seen: number[] = [];
  for await (const item of queue) {
    expect(queue.size).toBeLessThanOrEqual(7);
    seen.push(item);
  }
  expect(seen.length).toBe(2000);
  expect(new Set(seen).size).toBe(2000);
});
