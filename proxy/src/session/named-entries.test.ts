import { describe, expect, it } from "vitest";
import { NamedEntries } from "./named-entries.ts";

describe("entries by name", () => {
  it("go back to what was there, the last change first", () => {
    const entries = new NamedEntries<string>();
    entries.set("", "one");
    const undoTwo = entries.set("", "two");
    const undoThree = entries.set("", "three");
    undoThree();
    expect(entries.get("")).toBe("two");
    undoTwo();
    expect(entries.get("")).toBe("one");
    const undoDelete = entries.delete("");
    expect(entries.isEmpty).toBe(true);
    undoDelete();
    expect([...entries.values()]).toEqual(["one"]);
  });

  it("stand when only what they took the place of is taken back", () => {
    const entries = new NamedEntries<string>();
    entries.set("", "one");
    const undoTwo = entries.set("", "two");
    const undoThree = entries.set("", "three");
    undoTwo();
    expect(entries.get("")).toBe("three");
    undoThree();
    expect(entries.get("")).toBe("one");
    const undoDelete = entries.delete("");
    entries.set("", "four");
    undoDelete();
    expect(entries.get("")).toBe("four");
  });

  it("that were taken back do not come again with their deletion", () => {
    const entries = new NamedEntries<string>();
    entries.set("", "one");
    const undoTwo = entries.set("", "two");
    const undoDelete = entries.delete("");
    undoTwo();
    expect(entries.get("")).toBeUndefined();
    undoDelete();
    expect(entries.get("")).toBe("one");
  });

  it("that were never there are not taken away when their deletion is taken back", () => {
    const entries = new NamedEntries<string>();
    const undo = entries.delete("");
    entries.set("", "one");
    undo();
    expect(entries.get("")).toBe("one");
  });
});
