import { expect, test } from "vitest";
import { suggest } from "./suggest.ts";

test.each([
  ["upstraem", "upstream"],
  ["lisen", "listen"],
  ["LISTEN", "listen"],
  ["completely-else", undefined],
])("%s", (word, meant) => {
  expect(suggest(word, ["upstream", "listen", "admin"])).toBe(meant);
});
