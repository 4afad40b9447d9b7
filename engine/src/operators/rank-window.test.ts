import { describe, expect, it } from "vitest";
import { RankWindow } from "./rank-window.ts";

/** What of each entry (a sort key and a weight) a window takes; null where it wants no more. */
function taken(window: RankWindow, entries: readonly (readonly [key: string, weight: number])[]): (number | null)[] {
  return entries.map(([key, weight]) => window.take(Buffer.from(key), weight));
}

describe("a window of ranks", () => {
  it("cuts rows that stand for several at its ends", () => {
    const window = new RankWindow(1, 3, false);
    expect(window.reach).toBe(4);
    expect(
      taken(window, [
        ["a", 2],
        ["b", 1],
        ["c", 5],
        ["c", 1],
      ]),
    ).toEqual([1, 1, 1, null]);
  });

  it("with ties takes all rows that sort like the last one", () => {
    const window = new RankWindow(1, 2, true);
    expect(
      taken(window, [
        ["a", 1],
        ["b", 1],
        ["c", 2],
        ["c", 3],
        ["d", 1],
      ]),
    ).toEqual([0, 1, 2, 3, null]);
  });

  it("with ties skips no more rows than the offset, also where they tie", () => {
    const window = new RankWindow(2, 1, true);
    expect(
      taken(window, [
        ["a", 4],
        ["a", 1],
        ["b", 1],
      ]),
    ).toEqual([2, 1, null]);
  });

  it("takes nothing for a limit of 0, ties or not", () => {
    for (const ties of [false, true]) {
      const window = new RankWindow(0, 0, ties);
      expect(window.reach).toBe(0);
      expect(taken(window, [["a", 1]])).toEqual([null]);
    }
  });

  it("without a limit takes everything behind the offset", () => {
    const window = new RankWindow(1, null, false);
    expect(
      taken(window, [
        ["a", 1],
        ["b", 7],
      ]),
    ).toEqual([0, 7]);
  });
});
