import { beforeEach, expect, test } from "vitest";
import { FakeSource } from "../testing/fake-source.ts";
import { ReplicationHealth } from "./health.ts";
import { Lag } from "./lag.ts";

let source: FakeSource;
let time: number;
let health: ReplicationHealth;

beforeEach(() => {
  source = new FakeSource();
  time = 0;
  health = new ReplicationHealth(source, 1000, () => time);
});

test("a stream that is down or silent is not fresh", () => {
  expect(health.problem()).toBeNull();
  time = 1001;
  expect(health.problem()).toBe("nothing heard for 1001 ms");
  source.lastMessageAt = 500;
  expect(health.problem()).toBeNull();
  source.state = "reconnecting";
  expect(health.problem()).toBe("reconnecting");
});

test("when the primary has moved, a stream that still runs is not believed until it has ended", () => {
  health.primaryMoved();
  expect(health.problem()).toBe("the primary has moved");
  source.state = "reconnecting";
  health.streamEnded();
  source.state = "streaming";
  expect(health.problem()).toBeNull();
  // One that was down already comes back from the new primary.
  source.state = "reconnecting";
  health.primaryMoved();
  source.state = "streaming";
  expect(health.problem()).toBeNull();
});

test("those who wait for an LSN are woken by it, also by that of a new origin", async () => {
  const [first, second] = [health.waitFor(10n, 60_000), health.waitFor(20n, 60_000)];
  health.advance(10n);
  expect(await first).toBe(true);
  health.restart(30n);
  expect(await second).toBe(true);
  health.restart(5n);
  expect(health.applied).toBe(5n);
  expect(await health.waitFor(6n, 1)).toBe(false);
  expect(await health.waitFor(5n, 0)).toBe(true);
});

test("suspensions count, and each ends once", () => {
  const [first, second] = [health.suspend(), health.suspend()];
  first();
  first();
  expect(health.suspended).toBe(true);
  second();
  expect(health.suspended).toBe(false);
});

test("the lag is that of the last batch while something waits, nothing when all is applied, unknown without a stream", () => {
  const pump = { queuedBytes: 1 };
  const lag = new Lag(
    source,
    health,
    () => pump,
    () => 946_684_800_000 + 250,
  );
  const result = { appliedLsn: 10n, durableLsn: 0n, caches: [], invalidTables: [] };
  expect(lag.onApplied(result, [])).toBeNull();
  const commit = {
    commitLsn: 9n,
    endLsn: 10n,
    commitTime: 100_000n,
    changes: [],
    schemaChanged: false,
    xid: 1,
    touched: [],
  };
  expect(lag.onApplied(result, [commit])).toBe(150);
  health.advance(10n);
  source.receivedLsn = 25n;
  expect(lag.now()).toEqual({ milliseconds: 150, bytes: 15 });
  pump.queuedBytes = 0;
  expect(lag.now()).toEqual({ milliseconds: 0, bytes: 15 });
  source.state = "reconnecting";
  expect(lag.now()).toEqual({ milliseconds: null, bytes: 15 });
});
