import { DEFAULT_TEXT_SETTINGS, createCodecs } from "@freshet/values";
import { describe, expect, it } from "vitest";
import { ResultForms } from "./answer.ts";

const TIMESTAMPTZ = 1184;
const INT4 = 23;

function forms(typeOid: number): ResultForms {
  const column = { name: "c", tableOid: 0, attribute: 0, typeOid, typeLength: 8, typmod: -1, collation: 0 };
  return new ResultForms([column], createCodecs([]));
}

const other = { ...DEFAULT_TEXT_SETTINGS, dateStyle: "SQL, DMY", timeZone: "Asia/Tokyo" };

describe("ResultForms", () => {
  it("renders for another session with equal settings by what it has made", () => {
    const made = forms(TIMESTAMPTZ);
    const renderer = made.renderer([], DEFAULT_TEXT_SETTINGS);
    expect(made.renderer([], { ...DEFAULT_TEXT_SETTINGS })).toBe(renderer);
  });

  it("heeds the settings that the text depends on, and only those", () => {
    const times = forms(TIMESTAMPTZ);
    expect(times.renderer([0], other)).not.toBe(times.renderer([0], DEFAULT_TEXT_SETTINGS));
    expect(times.renderer([1], other)).toBe(times.renderer([1], DEFAULT_TEXT_SETTINGS));
    const integers = forms(INT4);
    expect(integers.renderer([0], other)).toBe(integers.renderer([0], DEFAULT_TEXT_SETTINGS));
  });

  it("keeps formats apart", () => {
    const made = forms(INT4);
    const row = Buffer.from([0, 0, 0, 4, 0, 0, 0, 42]);
    const text = made.renderer([0], DEFAULT_TEXT_SETTINGS).renderAll([row])?.bytes;
    const binary = made.renderer([1], DEFAULT_TEXT_SETTINGS).renderAll([row])?.bytes;
    expect(text?.subarray(7).toString("latin1")).toBe("\0\0\0\x0242");
    expect(binary?.subarray(7)).toEqual(row);
    expect(made.rowDescription([1])).not.toEqual(made.rowDescription([]));
    expect(made.rowDescription([0])).toEqual(made.rowDescription([]));
  });
});
