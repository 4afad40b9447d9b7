import { describe, expect, it } from "vitest";
import { Cache } from "./cache.ts";
import { assertWanted, interruptible } from "./interruption.ts";

function cache(): Cache {
  const request = { name: "c", text: "", queryId: "q", searchPath: [], owner: "me", writeTo: null, maxBytes: null };
  return new Cache(1, { ...request, mode: "incremental" });
}

const cancelled = new Error("canceling statement due to user request");

describe("a cache that is being created", () => {
  it("ends at its next step when it is cancelled, with the reason of the cancellation", async () => {
    const building = cache();
    building.phase = "building";
    const interruption = new AbortController();
    const { promise, reject } = withResolvers();
    const waiting = interruptible(building, promise, interruption.signal, () => undefined);
    expect(() => assertWanted(building)).not.toThrow();
    interruption.abort(cancelled);
    expect(() => assertWanted(building)).toThrow("was dropped while it was being built");
    reject(new Error("broken off"));
    await expect(waiting).rejects.toBe(cancelled);
  });

  it("goes at once while it waits for its turn", async () => {
    const interruption = new AbortController();
    let takenOut = 0;
    const never = withResolvers().promise;
    const waiting = interruptible(cache(), never, interruption.signal, () => takenOut++);
    interruption.abort(cancelled);
    await expect(waiting).rejects.toBe(cancelled);
    expect(takenOut).toBe(1);
  });

  it("keeps its own failure when nobody cancels", async () => {
    const failed = Promise.reject(new Error("no such table"));
    const { signal } = new AbortController();
    await expect(interruptible(cache(), failed, signal, () => undefined)).rejects.toThrow("no such table");
  });
});

function withResolvers(): { readonly promise: Promise<void>; readonly reject: (reason: Error) => void } {
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<void>((_resolve, refuse) => {
    reject = refuse;
  });
  return { promise, reject };
}
