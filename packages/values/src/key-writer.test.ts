import { expect, test } from "vitest";
import { KeyWriter } from "./key-writer.ts";

test("integers are big-endian, whatever their sign", () => {
  const out = new KeyWriter(1);
  out.uint32(0x01020304);
  out.uint32(-1);
  out.byte(0x1ff);
  expect(out.take().toString("hex")).toBe("01020304ffffffffff");
});

test.each([1, 100])("zero bytes are escaped in values of any length (%d times)", (times) => {
  const out = new KeyWriter(1);
  out.byte(7);
  out.escaped(Buffer.from("610062".repeat(times), "hex"));
  out.byte(8);
  expect(out.take().toString("hex")).toBe(`07${"6100ff62".repeat(times)}000108`);
});

test("inverting concerns what was written since", () => {
  const out = new KeyWriter();
  out.byte(1);
  const start = out.length;
  out.escaped(Buffer.of(0x0f));
  out.invertFrom(start);
  expect(out.peek().toString("hex")).toBe("01f0fffe");
});

test("take copies and empties, truncate drops the end", () => {
  const out = new KeyWriter();
  out.bytes(Buffer.from("abc"));
  out.truncate(2);
  const first = out.take();
  out.bytes(Buffer.from("xyz"));
  expect(first.toString()).toBe("ab");
  expect(out.length).toBe(3);
  expect(out.take().toString()).toBe("xyz");
});
