import fc from "fast-check";
import { sample } from "./sampling.ts";

/** PostgreSQL's text has no NUL. */
const text = fc.string({ unit: "binary", maxLength: 12 }).map((value) => value.replaceAll("\0", ""));
const trickyText = fc.oneof(
  text,
  fc.string({
    unit: fc.constantFrom(
      "a",
      "b",
      "A",
      " ",
      "\u0001",
      "\u00ff",
      "é",
      "€",
      "\u{1f600}",
      "\uffff",
      "ab",
      "\t",
      '"',
      "\\",
      "{",
      "}",
      ",",
      "NULL",
    ),
    maxLength: 6,
  }),
);

export function texts(): string[] {
  return [
    "",
    " ",
    "  ",
    "a",
    "a ",
    "a  ",
    "ab",
    "a\u0001",
    "NULL",
    "null",
    "it's",
    "\\",
    '"',
    ...sample(trickyText, 1500),
  ];
}

export function byteas(): string[] {
  const bytes = fc.uint8Array({ maxLength: 12 }).map((value) => `\\x${Buffer.from(value).toString("hex")}`);
  const few = fc
    .array(fc.constantFrom("00", "01", "ff", "5c", "27", "7f", "80", "20"), { maxLength: 5 })
    .map((value) => `\\x${value.join("")}`);
  return [
    "\\x",
    "",
    "abc",
    "\\x00",
    "\\x0000",
    "\\x00ff",
    "\\x0001",
    "\\xDEADbeef",
    ...sample(fc.oneof(bytes, few), 1000),
  ];
}

export function uuids(): string[] {
  const random = sample(fc.uuid(), 300);
  return [
    ...random,
    ...random.slice(0, 20).map((value) => value.toUpperCase()),
    ...random.slice(0, 20).map((value) => `{${value.replaceAll("-", "")}}`),
  ];
}

const jsonNumber = fc.oneof(
  fc.constantFrom(
    "0",
    "-0",
    "0.0",
    "-0.00",
    "1",
    "1.0",
    "1.00",
    "10",
    "1e1",
    "1E+1",
    "1.5e3",
    "1e-5",
    "1.230e-2",
    "1e30",
    "123456789012345678901234567890.10",
  ),
  fc.integer().map(String),
);
const jsonString = fc.oneof(
  fc.string({ unit: "binary", maxLength: 5 }).map((value) => JSON.stringify(value.replaceAll("\0", ""))),
  fc.constantFrom(
    '""',
    '"a"',
    '"b"',
    '"aa"',
    '"\\u0061"',
    '"\\/"',
    '"\\ud83d\\ude00"',
    '"\\u0001\\u001f"',
    '"\\b\\f\\n\\r\\t\\"\\\\"',
    '"\u007f\u2028"',
    '"é"',
  ),
);

const { value: jsonText } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: "json" },
    jsonNumber,
    jsonString,
    fc.constantFrom("true", "false", "null"),
    tie("array"),
    tie("object"),
  ),
  array: fc.array(tie("value"), { maxLength: 3, depthIdentifier: "json" }).map((items) => `[${items.join(" , ")}]`),
  object: fc
    .array(fc.tuple(jsonString, tie("value")), { maxLength: 4, depthIdentifier: "json" })
    .map((members) => ` {${members.map(([key, value]) => `${key}\n:${value}`).join(",")}}`),
}));

export function jsons(): string[] {
  return [
    "{}",
    "[]",
    " [ ] ",
    "null",
    '{"b":1,"a":2,"aa":3,"b":4}',
    "[1,[1,[1]]]",
    "[[],{}]",
    '{"a":{},"":[]}',
    ...sample(jsonText, 2000),
  ];
}

export function bits(length: number | undefined): string[] {
  const lengths = length === undefined ? { maxLength: 20 } : { minLength: length, maxLength: length };
  const random = fc.string({ unit: fc.constantFrom("0", "1"), ...lengths });
  return [...(length === undefined ? ["", "0", "00", "00000000", "000000000", "1"] : []), ...sample(random, 300)];
}
