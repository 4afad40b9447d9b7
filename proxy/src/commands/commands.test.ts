import { expect, test } from "vitest";
import { DEFAULT_TEXT_SETTINGS } from "@freshet/values";
import type { CommandContext, LastStatement } from "../session/front-ports.ts";
import { readOptions } from "./cache-options.ts";
import { explainLastStatement } from "./explain.ts";

function context(last: LastStatement | null): CommandContext {
  return {
    facts: {
      role: "r",
      database: "db",
      schemas: ["public"],
      hasTemporaryObjects: false,
      clientEncoding: "UTF8",
      text: DEFAULT_TEXT_SETTINGS,
      formatSettings: [],
      deviatingSettings: [],
      consistency: "session",
      insertLsn: 0n,
    },
    last,
    signal: new AbortController().signal,
    notice: () => undefined,
  };
}

test("EXPLAIN LAST STATEMENT tells where the last one went, and nothing before the first", () => {
  expect(explainLastStatement(context(null))).toEqual({ tag: "SELECT 0", rows: [] });
  const hit = { destination: "cache", reason: "hit", cache: "a", lsn: 0x1_0000_00ffn, replica: null } as const;
  expect(explainLastStatement(context(hit)).rows).toEqual([["cache", "hit", "a", "1/FF", null]]);
  const missed = { destination: "upstream", reason: "no_cache", cache: null, lsn: null, replica: null } as const;
  expect(explainLastStatement(context(missed)).rows).toEqual([["upstream", "no_cache", null, null, null]]);
});

test("options of CREATE CACHE are known ones, given once, with a value that makes sense", () => {
  const writeTo = { name: "write_to", value: "s.t" };
  expect(readOptions([])).toEqual({ writeTo: null, mode: "auto", maxBytes: null });
  expect(readOptions([writeTo])).toEqual({ writeTo: "s.t", mode: "auto", maxBytes: null });
  expect(
    readOptions([
      { name: "mode", value: "invalidate" },
      { name: "max_bytes", value: "2MB" },
    ]),
  ).toEqual({ writeTo: null, mode: "invalidate", maxBytes: 2 * 1024 ** 2 });
  expect(() => readOptions([{ name: "mode", value: "partial" }])).toThrow(/invalid value for cache option "mode"/);
  expect(() => readOptions([{ name: "max_bytes", value: "1" }])).toThrow(/invalid value for cache option "max_bytes"/);
  expect(() => readOptions([writeTo, writeTo])).toThrow(/given twice/);
  expect(() => readOptions([{ name: "colour", value: "red" }])).toThrow(/unrecognized cache option "colour"/);
  expect(() => readOptions([{ name: "write_to", value: "a.b.c" }])).toThrow(/not a table name/);
});
