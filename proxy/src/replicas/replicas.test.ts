import { now, silentLogger } from "@freshet/base";
import { beforeEach, expect, test } from "vitest";
import { Replica } from "./replica.ts";
import { Replicas, type Watch } from "./replicas.ts";
import type { ServerPosition } from "./server-watch.ts";

/** A server that says what it is told to. */
class FakeWatch implements Watch {
  position: Partial<ServerPosition> | null = {};
  looks = 0;
  closed = false;

  look(): Promise<ServerPosition> {
    this.looks++;
    if (this.position === null) return Promise.reject(new Error("gone"));
    const usual = { systemIdentifier: "1", timeline: 1, isStandby: true, lsn: 100n, askedAt: now(), latencyMs: 1 };
    return Promise.resolve({ ...usual, ...this.position });
  }

  close(): void {
    this.closed = true;
  }
}

const address = { connect: () => Promise.reject(new Error("unused")), cancel: () => Promise.resolve() };

let primary: FakeWatch;
let watches: readonly [FakeWatch, FakeWatch];
let first: Replica;
let second: Replica;

beforeEach(() => {
  primary = new FakeWatch();
  primary.position = { isStandby: false };
  watches = [new FakeWatch(), new FakeWatch()];
  [first, second] = [new Replica("first:1", address), new Replica("second:2", address)];
});

function replicas(maxLagMs = 1000): Replicas {
  const listed = [
    { replica: first, watch: watches[0] },
    { replica: second, watch: watches[1] },
  ];
  return new Replicas({ replicas: listed, primary, intervalMs: 1000, maxLagMs, logger: silentLogger() });
}

test("none is chosen before it has been asked", () => {
  expect(replicas().choose(0n)).toBeNull();
});

test("the one that answers sooner is chosen, as far as it has replayed enough", async () => {
  watches[0].position = { latencyMs: 5 };
  watches[1].position = { latencyMs: 2, lsn: 90n };
  const all = replicas(0);
  await all.look();
  expect(all.choose(90n)).toBe(second);
  expect(all.choose(91n)).toBe(first);
  expect(all.choose(101n)).toBeNull();
  // Busy ones take longer.
  second.active = 9;
  expect(all.choose(0n)).toBe(first);
});

test.each([
  ["it is not a standby", { isStandby: false }],
  ["it belongs to another system", { systemIdentifier: "2" }],
  ["it is on timeline 2, the primary on 1", { timeline: 2 }],
  ["it lags", { lsn: 99n }],
  ["gone", null],
] as const)("takes no reads: %s", async (reason, position) => {
  watches[0].position = position;
  const all = replicas();
  await all.look();
  expect(all.obstacle(first)).toBe(reason);
  expect(all.choose(0n)).toBe(second);
});

test("lag is counted from the last position of the primary that it has passed, and need not matter", async () => {
  watches[0].position = { lsn: 99n };
  const all = replicas(0);
  await all.look();
  expect(all.lagMs(first)).toBeNull();
  expect(all.obstacle(first)).toBeNull();
  expect(all.lagMs(second)).toBeGreaterThanOrEqual(0);
  primary.position = { isStandby: false, lsn: 200n, askedAt: now() + 5000 };
  await all.look();
  // It has not passed 200 yet: its data may be as old as the look at 100.
  expect(all.lagMs(second)).toBeGreaterThanOrEqual(0);
});

test("while the primary does not answer, what is known of it gets old", async () => {
  const all = replicas();
  primary.position = null;
  await all.look();
  expect(all.obstacle(first)).toBe("the primary is not known");
  primary.position = { isStandby: false, askedAt: now() - 5000 };
  await all.look();
  expect(all.obstacle(first)).toBe("it lags");
});

test("a promotion puts replicas aside until they follow", async () => {
  const all = replicas();
  await all.look();
  primary.position = { isStandby: false, timeline: 2, lsn: 50n };
  watches[1].position = { timeline: 2, lsn: 50n };
  await all.look();
  expect(all.obstacle(first)).toBe("it is on timeline 1, the primary on 2");
  expect(all.choose(50n)).toBe(second);
});

test("whoever is passed over for its position is asked again at once", async () => {
  const all = replicas();
  await all.look();
  await new Promise((resolve) => setTimeout(resolve, 20));
  watches[0].position = { lsn: 300n };
  expect(all.choose(200n)).toBeNull();
  await new Promise((resolve) => setImmediate(resolve));
  expect(all.choose(200n)).toBe(first);
});

test("who comes and goes is told, and all watches are closed", async () => {
  const all = replicas();
  const changes: string[] = [];
  all.onChange((replica, isUp) => changes.push(`${replica.name} ${isUp ? "up" : "down"}`));
  all.start();
  await new Promise((resolve) => setImmediate(resolve));
  watches[0].position = null;
  await all.look();
  await all.look();
  expect(changes).toEqual(["first:1 up", "second:2 up", "first:1 down"]);
  all.stop();
  expect([primary, ...watches].map(({ closed }) => closed)).toEqual([true, true, true]);
});
