import { beforeEach, afterEach, expect, test, vi } from "vitest";
import { FreshetError, SqlState } from "./errors.ts";
import { waitingForLocks } from "./lock-waits.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LOCKED = new FreshetError(SqlState.lockNotAvailable, "canceling statement due to lock timeout");

test("a statement that could not get a lock is run again, but not for ever", async () => {
  const body = vi.fn(() => Promise.resolve("done"));
  body.mockRejectedValueOnce(LOCKED).mockRejectedValueOnce(LOCKED);
  const done = waitingForLocks(body);
  await vi.runAllTimersAsync();
  expect(await done).toBe("done");
  expect(body).toHaveBeenCalledTimes(3);
  const never = vi.fn(() => Promise.reject(LOCKED));
  const failed = waitingForLocks(never).catch((thrown: unknown) => thrown);
  await vi.runAllTimersAsync();
  expect(await failed).toBe(LOCKED);
  expect(never).toHaveBeenCalledTimes(10);
});

test("other errors are not waited for", async () => {
  const body = vi.fn(() => Promise.reject(new Error("wrong")));
  await expect(waitingForLocks(body)).rejects.toThrow("wrong");
  expect(body).toHaveBeenCalledTimes(1);
});
