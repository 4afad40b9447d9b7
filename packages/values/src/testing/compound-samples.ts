import fc from "fast-check";
import { sample } from "./sampling.ts";

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** Array texts over `items`: NULLs, two dimensions, explicit bounds; elements always quoted. */
export function arrays(items: readonly string[]): string[] {
  const element = fc.oneof(
    { arbitrary: fc.constantFrom(...items).map(quoted), weight: 5 },
    { arbitrary: fc.constant("NULL"), weight: 1 },
  );
  const flat = fc.array(element, { maxLength: 4 });
  const one = flat.map((values) => `{${values.join(",")}}`);
  const bounded = fc
    .tuple(fc.integer({ min: -3, max: 3 }), fc.array(element, { minLength: 1, maxLength: 3 }))
    .map(([low, values]) => `[${low}:${low + values.length - 1}]={${values.join(",")}}`);
  const two = fc
    .array(fc.tuple(element, element), { minLength: 1, maxLength: 3 })
    .map((rows) => `{${rows.map((row) => `{${row.join(",")}}`).join(",")}}`);
  const first = items[0] ?? "";
  return [
    "{}",
    "{NULL}",
    "{NULL,NULL}",
    `{${quoted(first)}}`,
    `[0:0]={${quoted(first)}}`,
    `{{${quoted(first)}}}`,
    `[2:2][3:3]={{${quoted(first)}}}`,
    ...sample(fc.oneof(one, one, bounded, two), 500),
  ];
}

/** Ranges between all pairs of bounds in ascending order, as far as PostgreSQL takes them. */
export function ranges(bounds: readonly string[]): string[] {
  const made = bounds.flatMap((lower, from) =>
    bounds
      .slice(from)
      .flatMap((upper) =>
        ["[]", "[)", "(]", "()"].map(([open, close]) => `${open}${quotedBound(lower)},${quotedBound(upper)}${close}`),
      ),
  );
  const open = bounds.flatMap((bound) => [
    `[${quotedBound(bound)},)`,
    `(${quotedBound(bound)},)`,
    `(,${quotedBound(bound)}]`,
    `(,${quotedBound(bound)})`,
  ]);
  return ["empty", " EMPTY ", "(,)", "[,]", ...made, ...open];
}

function quotedBound(bound: string): string {
  return /[ :]/.test(bound) ? quoted(bound) : bound;
}

export function multiranges(bounds: readonly string[]): string[] {
  const pieces = ranges(bounds);
  return [
    "{}",
    "{empty}",
    ...sample(
      fc.array(fc.constantFrom(...pieces), { maxLength: 3 }).map((items) => `{${items.join(",")}}`),
      300,
    ),
  ];
}

/** Rows with a value or nothing from each list. */
export function records(...columns: readonly (readonly string[])[]): string[] {
  const values = columns.map((list) => fc.option(fc.constantFrom(...list), { freq: 6 }));
  const row = fc
    .tuple(...values)
    .map((parts) => `(${parts.map((part) => (part === null ? "" : quoted(part))).join(",")})`);
  return sample(row, 400);
}
