import { describe, expect, it } from "vitest";
import { replaySql } from "./settings-replay.ts";

const settings = (record: Record<string, string>): Map<string, string> => new Map(Object.entries(record));

describe("the replay of settings", () => {
  it("is nothing where nothing differs", () => {
    expect(replaySql(settings({}), settings({}), false)).toBeNull();
    expect(replaySql(settings({ a: "1", role: "r" }), settings({ role: "r", a: "1" }), false)).toBeNull();
  });

  it("sets what differs, quoted so that no other setting changes its meaning", () => {
    expect(replaySql(settings({ a: "1" }), settings({ a: "1", b: "it's \\ é" }), false)).toBe(
      "SELECT pg_catalog.set_config(E'b', E'it''s \\\\ \\U000000e9', false)",
    );
  });

  it("begins anew when something is to go, or is unknown", () => {
    expect(replaySql(settings({ a: "1", b: "2" }), settings({ a: "1" }), false)).toBe(
      "RESET ALL; SELECT pg_catalog.set_config(E'a', E'1', false)",
    );
    expect(replaySql(settings({}), settings({}), true)).toBe("RESET ALL");
  });

  it("leaves the role first and takes it on last", () => {
    expect(replaySql(settings({ role: "r" }), settings({ a: "1" }), false)).toBe(
      "RESET ROLE; RESET ALL; SELECT pg_catalog.set_config(E'a', E'1', false)",
    );
    expect(replaySql(settings({ role: "r" }), settings({ role: "r", a: "1" }), false)).toBe(
      "RESET ROLE; SELECT pg_catalog.set_config(E'a', E'1', false); SELECT pg_catalog.set_config(E'role', E'r', false)",
    );
    expect(replaySql(settings({}), settings({ role: "r" }), false)).toBe(
      "SELECT pg_catalog.set_config(E'role', E'r', false)",
    );
  });
});
