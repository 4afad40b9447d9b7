import { expect, test } from "vitest";
import { Backoff, sleep } from "./backoff.ts";

test("delays double up to the cap and start again after a reset", () => {
  const backoff = new Backoff({ minMs: 100, maxMs: 1000, random: () => 0.999_999 });
  const delays = Array.from({ length: 6 }, () => Math.round(backoff.nextDelay()));
  expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
  backoff.reset();
  expect(Math.round(backoff.nextDelay())).toBe(100);
});

test("jitter takes at most half of a delay away", () => {
  const backoff = new Backoff({ minMs: 100, maxMs: 100, random: () => 0 });
  expect(backoff.nextDelay()).toBe(50);
});

test("a sleep ends with its signal's reason", async () => {
  const controller = new AbortController();
  const sleeping = sleep(60_000, controller.signal);
  controller.abort(new Error("shutting down"));
  await expect(sleeping).rejects.toThrow("shutting down");
  await expect(sleep(1, controller.signal)).rejects.toThrow("shutting down");
});

test("a sleep ends by itself", async () => {
  await expect(sleep(1)).resolves.toBeUndefined();
});
