import { describe, expect, test } from "vitest";
import { Resources, type Stoppable } from "./resources.ts";

function stoppable(name: string, stopped: string[]): Stoppable {
  return {
    stop: async () => {
      stopped.push(name);
    },
  };
}

describe("resources", () => {
  test("stop in reverse order, once", async () => {
    const stopped: string[] = [];
    const resources = new Resources();
    for (const name of ["a", "b", "c"]) await resources.start(async () => stoppable(name, stopped));
    await Promise.all([resources.stopAll(), resources.stopAll()]);
    expect(stopped).toEqual(["c", "b", "a"]);
  });

  test("one that was stopped before is left alone", async () => {
    const stopped: string[] = [];
    const resources = new Resources();
    const first = await resources.start(async () => stoppable("first", stopped));
    await resources.start(async () => stoppable("second", stopped));
    await resources.stop(first);
    await resources.stopAll();
    expect(stopped).toEqual(["first", "second"]);
  });

  test("one that is still starting is stopped when it runs, and none starts afterwards", async () => {
    const stopped: string[] = [];
    const resources = new Resources();
    let go: (resource: Stoppable) => void = () => undefined;
    const slow = resources.start(
      () =>
        new Promise<Stoppable>((resolve) => {
          go = resolve;
        }),
    );
    const stopping = resources.stopAll();
    go(stoppable("slow", stopped));
    await Promise.all([slow, stopping]);
    expect(stopped).toEqual(["slow"]);
    await expect(resources.start(async () => stoppable("late", stopped))).rejects.toThrow("interrupted");
    expect(stopped).toEqual(["slow"]);
  });

  test("a failure to stop one does not keep the others", async () => {
    const stopped: string[] = [];
    const resources = new Resources();
    await resources.start(async () => stoppable("first", stopped));
    await resources.start(async () => ({ stop: () => Promise.reject(new Error("stuck")) }));
    await expect(resources.stopAll()).rejects.toThrow("not everything could be stopped");
    expect(stopped).toEqual(["first"]);
  });
});
