import { expect, test } from "vitest";
import { KeepingWorth } from "./keeping-worth.ts";

/** Asks as `next` says, with room for 100 answers of 10 bytes each, of which the oldest are forgotten; returns what was added and hit. */
function play(worth: KeepingWorth, next: (at: number) => number, questions: number): { added: number; hits: number } {
  const kept = new Set<number>();
  const counts = { added: 0, hits: 0 };
  for (let at = 0; at < questions; at++) {
    const key = next(at);
    worth.asked();
    if (kept.has(key)) {
      worth.hit();
      counts.hits++;
    } else if (worth.pays) {
      kept.add(key);
      worth.added(10);
      counts.added++;
      for (const oldest of kept) {
        if (kept.size <= 100) break;
        kept.delete(oldest);
      }
    }
  }
  return counts;
}

test("answers that are never asked for again are kept in one of seventeen questions", () => {
  const { added, hits } = play(new KeepingWorth(1000), (at) => at, 100_000);
  expect(hits).toBe(0);
  expect(added).toBeGreaterThan(100_000 / 20);
  expect(added).toBeLessThan(100_000 / 15);
});

test("what is asked for often is kept at once, and again after a time of questions that were not", () => {
  const worth = new KeepingWorth(1000);
  const often = (at: number): number => -(at % 50);
  expect(play(worth, often, 10_000)).toEqual({ added: 50, hits: 9950 });
  play(worth, (at) => at, 10_000);
  expect(play(worth, often, 10_000).hits).toBeGreaterThan(9000);
});

test("more than there is room for, of which some is asked for often, is worth it", () => {
  const worth = new KeepingWorth(1000);
  const { hits } = play(worth, (at) => (at % 4 === 0 ? at : -(at % 20)), 100_000);
  expect(hits).toBeGreaterThan(60_000);
});
