import { expect, test } from "vitest";
import { MirroredHealth } from "./mirrored-health.ts";
import { type CoreState, SILENCE_MS } from "./protocol.ts";

const STATE: CoreState = { epoch: 1, privileges: 1, suspended: false, problem: null, uncommitted: false };

test("what the core says holds until it has been silent, or is gone", () => {
  let time = 0;
  const health = new MirroredHealth({ readApplied: () => 5n, clock: () => time });
  expect(health.problem()).toMatch("cannot be reached");
  health.update(STATE);
  expect(health.problem()).toBeNull();
  time = SILENCE_MS;
  expect(health.problem()).toBeNull();
  time = SILENCE_MS + 1;
  expect(health.problem()).toMatch("has said nothing");
  health.update(STATE);
  health.update({ ...STATE, problem: "the stream is down" });
  expect(health.problem()).toBe("the stream is down");
  health.lose();
  expect(health.problem()).toMatch("cannot be reached");
});

test("an update counts from when the one before it was heeded: it may have lain unread since then", () => {
  let time = 0;
  const health = new MirroredHealth({ readApplied: () => 5n, clock: () => time });
  health.update(STATE);
  time = 100;
  health.update(STATE);
  // The process was held up; what it reads first may be as old as that.
  time = 100 + 2 * SILENCE_MS;
  health.update(STATE);
  expect(health.problem()).toMatch("has said nothing");
  health.update(STATE);
  expect(health.problem()).toBeNull();
  time += 2 * SILENCE_MS;
  health.lose();
  health.update(STATE);
  expect(health.problem()).toBeNull();
});

test("other privileges are news, and leave what sessions have read of the schema as it is", () => {
  const health = new MirroredHealth({ readApplied: () => 5n, clock: () => 0 });
  health.update(STATE);
  const before = health.epoch;
  expect(health.update({ ...STATE, privileges: 2 })).toBe(true);
  expect(health.update({ ...STATE, privileges: 2 })).toBe(false);
  expect(health.epoch).toBe(before);
});

test("its epoch rises with the core's, with every suspension here, and when the core is gone", () => {
  const health = new MirroredHealth({ readApplied: () => null, clock: () => 0 });
  let before = health.epoch;
  const rises = (): boolean => {
    const risen = health.epoch > before;
    before = health.epoch;
    return risen;
  };
  expect(health.update(STATE)).toBe(true);
  expect(rises()).toBe(true);
  expect(health.update({ ...STATE, suspended: true })).toBe(false);
  expect(rises()).toBe(false);
  expect(health.suspended).toBe(true);
  health.update(STATE);
  const resume = health.suspend();
  expect(rises()).toBe(true);
  expect(health.suspended).toBe(true);
  expect(health.wantsTransactions).toBe(true);
  resume();
  resume();
  expect(health.suspended).toBe(false);
  expect(health.wantsTransactions).toBe(false);
  health.update({ ...STATE, uncommitted: true });
  expect(health.wantsTransactions).toBe(true);
  health.lose();
  expect(rises()).toBe(true);
});

test("it waits for the store, within bounds, and starts anew with another core", async () => {
  let applied = 1n;
  let time = 0;
  const health = new MirroredHealth({ readApplied: () => applied, clock: () => time++ });
  expect(await health.waitFor(1n, 0)).toBe(true);
  expect(await health.waitFor(9n, 5)).toBe(false);
  const waiting = health.waitFor(9n, 10_000);
  applied = 9n;
  expect(await waiting).toBe(true);
  expect(health.applied).toBe(9n);
  health.lose();
  expect(health.applied).toBe(0n);
});
