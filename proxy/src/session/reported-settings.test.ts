import { expect, it } from "vitest";
import { ReportedSettings } from "./reported-settings.ts";

it("has one content wherever names and values are the same, in whatever order they came", () => {
  const first = new ReportedSettings(
    new Map([
      ["TimeZone", "UTC"],
      ["DateStyle", "ISO, MDY"],
    ]),
  );
  const second = new ReportedSettings(new Map([["DateStyle", "ISO, MDY"]]));
  expect(second.content).not.toBe(first.content);
  second.set("TimeZone", "UTC");
  expect(second.content).toBe(first.content);
  const before = first.content;
  first.set("TimeZone", "CET");
  expect(first.content).not.toBe(before);
  first.set("TimeZone", "UTC");
  expect(first.content).toBe(before);
});
