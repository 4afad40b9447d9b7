import { silentLogger } from "@freshet/base";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StreamNudge } from "./stream-nudge.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("an idle stream is moved on once, and not when it has moved by itself", async () => {
  const health = { applied: 10n };
  const emit = vi.fn(() => Promise.resolve());
  const nudge = new StreamNudge(health, { query: emit }, silentLogger());
  nudge.want(10n);
  nudge.want(12n);
  nudge.want(11n);
  await vi.runAllTimersAsync();
  expect(emit).toHaveBeenCalledTimes(1);
  // On its way there.
  nudge.want(14n);
  health.applied = 13n;
  await vi.runAllTimersAsync();
  expect(emit).toHaveBeenCalledTimes(1);
  emit.mockRejectedValueOnce(new Error("no connection"));
  nudge.want(14n);
  await vi.runAllTimersAsync();
  nudge.want(14n);
  await vi.runAllTimersAsync();
  expect(emit).toHaveBeenCalledTimes(3);
  nudge.stop();
  nudge.want(20n);
  await vi.runAllTimersAsync();
  expect(emit).toHaveBeenCalledTimes(3);
});
