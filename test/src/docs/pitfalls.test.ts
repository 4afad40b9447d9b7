import { describe, expect, it } from "vitest";
import { readDocument } from "./documents.ts";
import { pitfalls, pitfallsPage } from "./pitfalls.ts";

describe("the list of pitfalls", () => {
  it("is the page that is there (npm run docs:generate)", async () => {
    expect(await readDocument("docs/pitfalls.md")).toBe(pitfallsPage());
  });

  it("names tests that are there", async () => {
    const proofs = pitfalls.flatMap((pitfall) => pitfall.proofs);
    expect(proofs.length).toBeGreaterThanOrEqual(pitfalls.length);
    const missing: string[] = [];
    for (const { file, test } of proofs)
      if (!(await readDocument(file)).includes(test)) missing.push(`${file}: ${test}`);
    expect(missing).toEqual([]);
  });

  it("has no line without one", () => {
    expect(pitfalls.filter(({ proofs }) => proofs.length === 0)).toEqual([]);
  });
});
