import { must } from "@freshet/base";
import { createCodecs, DEFAULT_TEXT_SETTINGS, Oid } from "@freshet/values";
import { describe, expect, it } from "vitest";
import { literalToBinary } from "./literal-to-binary.ts";
import type { Literal } from "./shape.ts";

const codecs = createCodecs([{ oid: 70_000, name: "mood", kind: "enum", labels: ["sad", "ok"] }]);

/** The value's text form, or undefined. */
function valueOf(kind: Literal["kind"], text: string, typeOid: number): string | undefined {
  const codec = must(codecs.get(typeOid));
  const bytes = literalToBinary({ kind, text }, typeOid, codec, DEFAULT_TEXT_SETTINGS);
  return bytes === undefined ? undefined : codec.toText(bytes, DEFAULT_TEXT_SETTINGS)?.toString();
}

describe("integer literals", () => {
  it("fit integer columns within their range", () => {
    const ranges: readonly (readonly [number, bigint, bigint])[] = [
      [Oid.int2, -32_768n, 32_767n],
      [Oid.int4, -2_147_483_648n, 2_147_483_647n],
      [Oid.int8, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n],
      [Oid.oid, 0n, 4_294_967_295n],
    ];
    for (const [oid, low, high] of ranges) {
      for (const inside of [low, 0n, high]) expect(valueOf("integer", String(inside), oid)).toBe(String(inside));
      for (const outside of [low - 1n, high + 1n]) expect(valueOf("integer", String(outside), oid)).toBeUndefined();
    }
  });

  it("fit numeric always, floats where these are exact", () => {
    const huge = "123456789012345678901234567890";
    expect(valueOf("integer", huge, Oid.numeric)).toBe(huge);
    expect(valueOf("integer", "-5", Oid.float8)).toBe("-5");
    expect(valueOf("integer", "9007199254740991", Oid.float8)).toBe("9.007199254740991e+15");
    expect(valueOf("integer", "9007199254740993", Oid.float8)).toBeUndefined();
    expect(valueOf("integer", "16777216", Oid.float4)).toBe("1.6777216e+07");
    expect(valueOf("integer", "16777217", Oid.float4)).toBeUndefined();
  });

  it("fit nothing else", () => {
    for (const oid of [
      Oid.text,
      Oid.varchar,
      Oid.bpchar,
      Oid.bool,
      Oid.date,
      Oid.timestamptz,
      Oid.uuid,
      Oid.jsonb,
      Oid.bytea,
    ]) {
      expect(valueOf("integer", "1", oid)).toBeUndefined();
    }
  });
});

describe("decimal literals", () => {
  it("fit numeric and float8, and float4 where it is exact", () => {
    expect(valueOf("decimal", "1.50", Oid.numeric)).toBe("1.50");
    expect(valueOf("decimal", "0.1", Oid.float8)).toBe("0.1");
    expect(valueOf("decimal", "0.1", Oid.float4)).toBeUndefined();
    expect(valueOf("decimal", "0.5", Oid.float4)).toBe("0.5");
    expect(valueOf("decimal", "-0.0", Oid.float8)).toBe("0");
    expect(valueOf("decimal", "1e400", Oid.float8)).toBeUndefined();
    expect(valueOf("decimal", "1e-400", Oid.float8)).toBeUndefined();
    expect(valueOf("decimal", "0e-400", Oid.float8)).toBe("0");
  });

  it("do not fit integer columns: those compare as numerics", () => {
    for (const oid of [Oid.int2, Oid.int4, Oid.int8, Oid.oid, Oid.text])
      expect(valueOf("decimal", "5.0", oid)).toBeUndefined();
  });
});

describe("string literals", () => {
  it("are read as the column's type", () => {
    expect(valueOf("string", "42", Oid.int4)).toBe("42");
    expect(valueOf("string", "4x", Oid.int4)).toBeUndefined();
    expect(valueOf("string", "", Oid.int4)).toBeUndefined();
    expect(valueOf("string", "é", Oid.text)).toBe("é");
    expect(valueOf("string", "x ", Oid.varchar)).toBe("x ");
    expect(valueOf("string", "2020-02-29", Oid.date)).toBe("2020-02-29");
    expect(valueOf("string", "t", Oid.bool)).toBe("t");
    expect(valueOf("string", "ok", 70_000)).toBe("ok");
    expect(valueOf("string", "OK", 70_000)).toBeUndefined();
  });

  it("must not be cut by the type", () => {
    expect(valueOf("string", "x".repeat(63), Oid.name)).toBe("x".repeat(63));
    expect(valueOf("string", "é".repeat(32), Oid.name)).toBeUndefined();
    expect(valueOf("string", "ab", Oid.char)).toBeUndefined();
    expect(valueOf("string", "é", Oid.char)).toBeUndefined();
  });
});

describe("other literals", () => {
  it("are booleans for bool only, and never NULL", () => {
    expect(valueOf("boolean", "true", Oid.bool)).toBe("t");
    expect(valueOf("boolean", "false", Oid.bool)).toBe("f");
    expect(valueOf("boolean", "true", Oid.int4)).toBeUndefined();
    expect(valueOf("boolean", "true", Oid.text)).toBeUndefined();
    for (const oid of [Oid.bool, Oid.int4, Oid.text]) expect(valueOf("null", "", oid)).toBeUndefined();
  });
});
