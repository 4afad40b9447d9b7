import { expect, test } from "vitest";
import { redact } from "./redact.ts";

test.each([
  ["postgres://u:p@h:5432/d", "postgres://u:***@h:5432/d"],
  ["postgresql://u:p@ss@h/d and more", "postgresql://u:***@h/d and more"],
  ['{"url":"postgres://u:a/b@h/d","n":1}', '{"url":"postgres://u:***@h/d","n":1}'],
  ["postgres://u@h/d", "postgres://u@h/d"],
  ["user=u password=abc host=h", "user=u password=*** host=h"],
  ["password='a b\\' c' x", "password=*** x"],
  ["no secret here", "no secret here"],
])("%s", (text, expected) => {
  expect(redact(text)).toBe(expected);
});
