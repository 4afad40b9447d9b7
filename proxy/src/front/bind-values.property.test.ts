import process from "node:process";
import { HEADER_BYTES, type BindMessage, decodeBind, encodeBind } from "@freshet/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BindValues } from "./bind-values.ts";

const runs = { numRuns: 500 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1) };
const format = fc.nat(2);
const BEHIND_NAMES = HEADER_BYTES + 2;

const bind = fc
  .record({
    values: fc.array(fc.option(fc.uint8Array({ maxLength: 6 }), { freq: 8 }), { maxLength: 4 }),
    formats: fc.array(format, { maxLength: 4 }),
    resultFormats: fc.array(format, { maxLength: 4 }),
  })
  .map(({ values, ...rest }) =>
    encodeBind({
      portal: "",
      statement: "",
      values: values.map((value) => (value === null ? null : Buffer.from(value))),
      ...rest,
    }),
  );

/** What the whole decoder reads; null where it refuses. */
function decoded(message: Buffer): BindMessage | null {
  try {
    return decodeBind(message, 0, message.length);
  } catch {
    return null;
  }
}

test("what is read of a Bind is what the decoder reads, whole or damaged", () => {
  const values = new BindValues();
  let taken = 0;
  const damage = fc.array(fc.tuple(fc.nat(40), fc.nat(4)), { maxLength: 2 });
  fc.assert(
    fc.property(bind, damage, fc.nat(3), fc.nat(3), (whole, changes, cut, columns) => {
      const message = Buffer.from(whole.subarray(0, Math.max(BEHIND_NAMES, whole.length - (cut > 2 ? cut : 0))));
      for (const [at, byte] of changes) if (BEHIND_NAMES + at < message.length) message[BEHIND_NAMES + at] = byte;
      // Other messages follow in the same memory.
      const memory = Buffer.concat([message, Buffer.alloc(16, 1)]);
      if (!values.read(memory, BEHIND_NAMES, message.length, columns)) return;
      taken++;
      const expected = decoded(message);
      const { count, starts, ends, format, resultFormat } = values;
      const read = Array.from({ length: count }, (_unused, index) => memory.subarray(starts[index], ends[index]));
      expect(read).toEqual(expected?.values);
      expect(read.map(() => format)).toEqual(expected?.formats);
      const results = expected?.resultFormats ?? [];
      expect(results.every((one) => one === resultFormat) && (results.length <= 1 || results.length === columns)).toBe(
        true,
      );
      if (results.length === 0) expect(resultFormat).toBe(0);
    }),
    runs,
  );
  expect(taken).toBeGreaterThan(20);
});
