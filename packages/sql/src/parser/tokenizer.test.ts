import { describe, expect, it } from "vitest";
import { nextToken, skipBlank, tokens } from "./tokenizer.ts";

function split(text: string): readonly string[] {
  return [...tokens(text)].map((token) => `${token.kind}:${text.slice(token.start, token.end)}`);
}

describe("tokens", () => {
  it("splits words, numbers, parameters and symbols", () => {
    expect(split("select a1,$12 from t$x where b>=-1.5e-3;")).toEqual([
      "word:select",
      "word:a1",
      "symbol:,",
      "parameter:$12",
      "word:from",
      "word:t$x",
      "word:where",
      "word:b",
      "symbol:>=",
      "symbol:-",
      "number:1.5e-3",
      "symbol:;",
    ]);
  });

  it("reads numbers in every base and with underscores", () => {
    expect(split("1_000 0x1F 0o17 0b11 .5 5. 1..2")).toEqual([
      "number:1_000",
      "number:0x1F",
      "number:0o17",
      "number:0b11",
      "number:.5",
      "number:5.",
      "number:1",
      "symbol:.",
      "number:.2",
    ]);
  });

  it("reads quoted constants whole", () => {
    for (const text of [
      "'it''s'",
      "E'a\\'b'",
      "e'\\\\'",
      "U&'\\0061'",
      "b'01'",
      "N'x'",
      "$$a'b$$",
      "$t$ $$ $t$",
      "'a'\n 'b'",
      "'a' -- c\n'b'",
    ]) {
      expect(split(text)).toEqual([`string:${text}`]);
    }
  });

  it("ends a constant where no new line continues it", () => {
    expect(split("'a' 'b'")).toEqual(["string:'a'", "string:'b'"]);
    expect(split("'a'\n/* c */'b'")).toEqual(["string:'a'", "string:'b'"]);
  });

  it("skips nested comments and line comments", () => {
    expect(split("a/* x /* y */ ' */b--'\nc")).toEqual(["word:a", "word:b", "word:c"]);
    expect(skipBlank("/* open", 0)).toBe(7);
  });

  it("keeps delimited identifiers and marks what is never closed", () => {
    expect(split('"a""b" U&"c"')).toEqual(['quoted:"a""b"', 'quoted:U&"c"']);
    for (const text of ["'abc", '"abc', "$a$ b", "E'x\\'", "'a'\n'b"]) expect(split(text)).toEqual([`broken:${text}`]);
  });

  it("cuts operators as PostgreSQL does", () => {
    expect(split("a<-1")).toEqual(["word:a", "symbol:<", "symbol:-", "number:1"]);
    expect(split("a@-1")).toEqual(["word:a", "symbol:@-", "number:1"]);
    expect(split("a+/* c */b*--x")).toEqual(["word:a", "symbol:+", "word:b", "symbol:*"]);
    expect(split("a::int")).toEqual(["word:a", "symbol:::", "word:int"]);
  });

  it("does not backtrack for ever over dashes behind a constant", () => {
    const text = `'a' ${"-".repeat(50_000)}`;
    expect(nextToken(text, 0)).toEqual({ kind: "string", start: 0, end: 3 });
  });
});
